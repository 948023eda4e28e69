#include "fuzz/record_mutator.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

#include "fuzz/records.h"

namespace vuspec::fuzz {
namespace {

struct OwnedRecord {
  std::uint8_t kind = 0;
  std::vector<std::uint8_t> payload = {};
};

class Mutation {
 public:
  Mutation(const RecordGrammar& grammar, ByteMutator mutate, unsigned seed)
      : grammar_(grammar), mutate_(mutate), random_(seed) {}

  void Change(std::vector<OwnedRecord>& records) {
    switch (records.empty() ? 0 : Below(7)) {
      case 0:
        return Insert(records, Invent());
      case 1:
        records.erase(At(records));
        return;
      case 2:
        return Insert(records, *At(records));
      case 3:
        At(records)->kind = Kind();
        return;
      case 4:
        std::swap(*At(records), *At(records));
        return;
      case 5:
        records.resize(Below(records.size()) + 1);
        return;
      default:
        return MutatePayload(At(records)->payload);
    }
  }

 private:
  std::size_t Below(std::size_t limit) { return random_() % limit; }

  std::vector<OwnedRecord>::iterator At(std::vector<OwnedRecord>& records) {
    return records.begin() + static_cast<std::ptrdiff_t>(Below(records.size()));
  }

  std::uint8_t Kind() { return grammar_.kinds[Below(grammar_.kinds.size())]; }

  void Insert(std::vector<OwnedRecord>& records, OwnedRecord record) {
    if (records.size() == kRecordCountMax) return;
    const auto at = static_cast<std::ptrdiff_t>(Below(records.size() + 1));
    records.insert(records.begin() + at, std::move(record));
  }

  // Parameters are mostly small, and often all there is to it is the kind.
  OwnedRecord Invent() {
    OwnedRecord record = {Kind()};
    const std::size_t size = Below(2) == 0 ? 0 : Below(12);
    for (std::size_t i = 0; i < size; ++i) {
      record.payload.push_back(
          static_cast<std::uint8_t>(Below(4) == 0 ? Below(256) : Below(3)));
    }
    return record;
  }

  void MutatePayload(std::vector<std::uint8_t>& payload) {
    std::array<std::uint8_t, kRecordSizeMax> bytes;
    std::copy(payload.begin(), payload.end(), bytes.begin());
    // The mutator needs a byte to begin with.
    const std::size_t size = std::max(payload.size(), std::size_t{1});
    if (payload.empty()) bytes[0] = 0;
    const std::size_t mutated = mutate_(bytes.data(), size, bytes.size());
    payload.assign(bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(mutated));
  }

  const RecordGrammar& grammar_;
  const ByteMutator mutate_;
  std::minstd_rand random_;
};

}  // namespace

std::size_t MutateRecords(const RecordGrammar& grammar, ByteMutator mutate,
                          std::uint8_t* data, std::size_t size,
                          std::size_t size_max, unsigned seed) {
  // The lowest bit says which half; the rest decides within it.
  if ((seed & 1) != 0 || size < grammar.head_size) {
    return mutate(data, size, size_max);
  }
  std::vector<OwnedRecord> records;
  const Bytes bytes(data, size);
  const Records parsed(bytes.subspan(grammar.head_size));
  for (const Record& record : parsed.all()) {
    records.push_back(
        {record.kind, {record.payload.begin(), record.payload.end()}});
  }
  Mutation(grammar, mutate, seed >> 1).Change(records);
  std::vector<std::uint8_t> out(data, data + grammar.head_size);
  for (const OwnedRecord& record : records) {
    AppendRecord(out, record.kind, record.payload);
  }
  const std::size_t written = std::min(out.size(), size_max);
  std::copy_n(out.begin(), written, data);
  return written;
}

}  // namespace vuspec::fuzz
