#include "conformance/device/blk_verbs.h"

#include <algorithm>

#include "conformance/kit/matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/device/blk_requests.h"
#include "harness/device/buffers.h"
#include "harness/memory/shared_access.h"

namespace vuspec {

std::uint8_t BlkParts::StatusByte() const {
  return Load<std::uint8_t>(status.bytes.data());
}

Segment BlkParts::Header() const { return Readable(header); }

Segment BlkParts::Data() const {
  return device_writes_data ? Writable(data) : Readable(data);
}

Segment BlkParts::Status() const { return Writable(status); }

std::vector<Segment> BlkParts::Whole() const {
  if (data.bytes.empty()) return {Header(), Status()};
  return {Header(), Data(), Status()};
}

BlkParts MakeBlkParts(GuestMemory& memory, std::uint32_t type,
                      std::uint64_t sector, std::uint32_t data_size) {
  BlkParts parts;
  parts.header = Require(memory.Allocate(16, 16));
  if (data_size != 0) parts.data = Require(memory.Allocate(data_size, 16));
  parts.status = Require(memory.Allocate(1, 1));
  parts.device_writes_data =
      type == kBlkIn || type == kBlkGetId || type == kBlkGetLifetime;
  PutLe32(parts.header.bytes, 0, type);
  PutLe32(parts.header.bytes, 4, 0);
  PutLe64(parts.header.bytes, 8, sector);
  Store<std::uint8_t>(parts.status.bytes.data(), kBlkStatusUnset);
  return parts;
}

std::vector<Segment> Cut(const Segment& whole,
                         std::initializer_list<std::uint32_t> lengths) {
  std::vector<Segment> segments;
  const std::uint32_t* length = lengths.begin();
  std::uint32_t done = 0;
  while (done < whole.length) {
    const std::uint32_t size = std::min(*length, whole.length - done);
    segments.push_back(
        {whole.guest_address + done, size, whole.device_writable});
    done += size;
    if (length + 1 != lengths.end()) ++length;
  }
  return segments;
}

std::vector<Segment> Join(std::initializer_list<std::vector<Segment>> pieces) {
  std::vector<Segment> joined;
  for (const std::vector<Segment>& piece : pieces) {
    joined.insert(joined.end(), piece.begin(), piece.end());
  }
  return joined;
}

Completion Complete(SessionRing& ring, const std::vector<Segment>& segments,
                    const ChainOptions& options) {
  Require(ring.Post(segments, options));
  return Require(ring.Await());
}

std::uint8_t StatusOf(SessionRing& ring, const BlkParts& request) {
  Complete(ring, request.Whole());
  return request.StatusByte();
}

std::uint64_t BlkCapacity(Session& session) {
  const auto config = Require(session.frontend().GetConfig(0, 8));
  return GetLe64(std::as_bytes(std::span(config.bytes)), 0);
}

void ExpectSectorHolds(Session& session, SessionRing& ring,
                       std::uint64_t sector, std::uint64_t seed) {
  const IoRequest read = Require(MakeBlkRead(session.memory(), sector, seed));
  EXPECT_THAT(read.judge(Complete(ring, read.segments)),
              testing::Eq(std::nullopt))
      << "sector " << sector << " does not hold what was written";
}

}  // namespace vuspec
