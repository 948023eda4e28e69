// virtio-blk: a pattern written to a sector and read back.
#include "absl/status/statusor.h"
#include "harness/device/blk_requests.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr std::uint32_t kTypeIn = 0;   // VIRTIO_BLK_T_IN
constexpr std::uint32_t kTypeOut = 1;  // VIRTIO_BLK_T_OUT
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kSectorSize = 512;
constexpr std::uint64_t kSectorsUsed = 64;  // the smallest disk of a manifest
constexpr std::byte kStatusUnset{0xee};

const DeviceProfile kProfile{.name = "blk",
                             .queues = {0},
                             .io_queue = 0,
                             .config_size = 8,
                             .features = 0};

struct BlkBuffers {
  GuestBuffer header;
  GuestBuffer data;
  GuestBuffer status;
};

absl::StatusOr<BlkBuffers> Allocate(GuestMemory& memory, std::uint32_t type,
                                    std::uint64_t sector) {
  auto header = memory.Allocate(kHeaderSize, 16);
  if (!header.ok()) return header.status();
  auto data = memory.Allocate(kSectorSize, 16);
  if (!data.ok()) return data.status();
  auto status = memory.Allocate(1, 1);
  if (!status.ok()) return status.status();
  PutLe32(header->bytes, 0, type);
  PutLe32(header->bytes, 4, 0);
  PutLe64(header->bytes, 8, sector);
  status->bytes[0] = kStatusUnset;
  return BlkBuffers{*header, *data, *status};
}

std::optional<protocol::Violation> CheckStatus(const GuestBuffer& status) {
  const auto value = Load<std::uint8_t>(status.bytes.data());
  if (value == 0) return std::nullopt;
  return protocol::Violation{.req = Req::BLK_11,
                             .subject = "virtio-blk request",
                             .field = "status",
                             .relation = protocol::Relation::kEqual,
                             .expected = 0,
                             .actual = value};
}

}  // namespace

absl::StatusOr<IoRequest> MakeBlkWrite(GuestMemory& memory,
                                       std::uint64_t sector,
                                       std::uint64_t seed) {
  auto buffers = Allocate(memory, kTypeOut, sector);
  if (!buffers.ok()) return buffers.status();
  FillPattern(buffers->data.bytes, seed);
  IoRequest request;
  request.segments = {Readable(buffers->header), Readable(buffers->data),
                      Writable(buffers->status)};
  request.judge = [status = buffers->status](const Completion&) {
    return CheckStatus(status);
  };
  return request;
}

absl::StatusOr<IoRequest> MakeBlkRead(GuestMemory& memory, std::uint64_t sector,
                                      std::uint64_t seed) {
  auto buffers = Allocate(memory, kTypeIn, sector);
  if (!buffers.ok()) return buffers.status();
  IoRequest request;
  request.segments = {Readable(buffers->header), Writable(buffers->data),
                      Writable(buffers->status)};
  request.judge = [seed, data = buffers->data,
                   status = buffers->status](const Completion&) {
    if (auto wrong = CheckStatus(status)) return wrong;
    return ComparePattern(data.bytes, seed, Req::BLK_09, "virtio-blk read",
                          "data");
  };
  return request;
}

namespace {

class BlkDriver final : public DeviceDriver {
 public:
  const DeviceProfile& profile() const override { return kProfile; }

  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t seed) override {
    return MakeBlkWrite(memory, seed % kSectorsUsed, seed);
  }

  Reply<Done> Prepare(IoPort&) override { return Done{}; }

  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) override {
    const std::uint64_t sector = seed % kSectorsUsed;
    auto write = MakeBlkWrite(port.memory(), sector, seed);
    if (!write.ok()) return Failure(write.status());
    if (auto done = Perform(port, 0, *write); !done.ok()) {
      return done.failure();
    }
    auto read = MakeBlkRead(port.memory(), sector, seed);
    if (!read.ok()) return Failure(read.status());
    if (auto done = Perform(port, 0, *read); !done.ok()) return done.failure();
    return Done{};
  }
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeBlkDriver() {
  return std::make_unique<BlkDriver>();
}

}  // namespace vuspec
