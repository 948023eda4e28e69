#include "fuzz/record_mutator.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

#include "fuzz/records.h"

namespace vuspec::fuzz {
namespace {

class Mutation {
 public:
  Mutation(const RecordGrammar& grammar, ByteMutator mutate, unsigned seed)
      : grammar_(grammar), mutate_(mutate), random_(seed) {}

  // What is new in the records is valid as long as the mutation.
  void Change(std::vector<Record>& records) {
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

  std::vector<Record>::iterator At(std::vector<Record>& records) {
    return records.begin() + static_cast<std::ptrdiff_t>(Below(records.size()));
  }

  std::uint8_t Kind() { return grammar_.kinds[Below(grammar_.kinds.size())]; }

  void Insert(std::vector<Record>& records, Record record) {
    if (records.size() == kRecordCountMax) return;
    const auto at = static_cast<std::ptrdiff_t>(Below(records.size() + 1));
    records.insert(records.begin() + at, record);
  }

  // Parameters are mostly small, and often all there is to it is the kind.
  Record Invent() {
    const std::uint8_t kind = Kind();
    const std::size_t size = Below(2) == 0 ? 0 : Below(12);
    for (std::size_t i = 0; i < size; ++i) {
      bytes_[i] =
          static_cast<std::uint8_t>(Below(4) == 0 ? Below(256) : Below(3));
    }
    return {kind, Bytes(bytes_).first(size)};
  }

  void MutatePayload(Bytes& payload) {
    std::ranges::copy(payload, bytes_.begin());
    // The mutator needs a byte to begin with.
    const std::size_t size = std::max(payload.size(), std::size_t{1});
    if (payload.empty()) bytes_[0] = 0;
    payload = Bytes(bytes_).first(mutate_(bytes_.data(), size, bytes_.size()));
  }

  const RecordGrammar& grammar_;
  const ByteMutator mutate_;
  std::minstd_rand random_;
  std::array<std::uint8_t, kRecordSizeMax> bytes_;  // of the new payload
};

}  // namespace

std::size_t MutateRecords(const RecordGrammar& grammar, ByteMutator mutate,
                          std::uint8_t* data, std::size_t size,
                          std::size_t size_max, unsigned seed) {
  // The lowest bit says which half; the rest decides within it.
  if ((seed & 1) != 0 || size < grammar.head_size) {
    return mutate(data, size, size_max);
  }
  const std::vector<std::uint8_t> before(data, data + size);
  const Records parsed(Bytes(before).subspan(grammar.head_size));
  std::vector<Record> records;
  records.reserve(kRecordCountMax);
  records.assign(parsed.all().begin(), parsed.all().end());
  Mutation mutation(grammar, mutate, seed >> 1);
  mutation.Change(records);
  std::vector<std::uint8_t> after(data, data + grammar.head_size);
  after.reserve(size + 2 * kRecordSizeMax);
  for (const Record& record : records) {
    AppendRecord(after, record.kind, record.payload);
  }
  const std::size_t written = std::min(after.size(), size_max);
  std::copy_n(after.begin(), written, data);
  return written;
}

}  // namespace vuspec::fuzz
