// virtio-fs: FUSE_INIT once, then FUSE_GETATTR of the root folder.
#include "absl/status/statusor.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr std::uint32_t kHiprio = 0;
constexpr std::uint32_t kRequests = 1;
constexpr std::uint32_t kFuseGetattr = 3;
constexpr std::uint32_t kFuseInit = 26;
constexpr std::uint64_t kRootNode = 1;  // FUSE_ROOT_ID
constexpr std::size_t kInHeaderSize = 40;
constexpr std::size_t kOutHeaderSize = 16;
constexpr std::size_t kInitInSize = 16;
constexpr std::size_t kGetattrInSize = 16;
constexpr std::size_t kOutSize = 128;  // more than either answer needs
// In fuse_attr_out, after the header: attr_valid 8, nsec 4, dummy 4, then
// fuse_attr, whose mode stands behind six u64 and three u32.
constexpr std::size_t kModeOffset = kOutHeaderSize + 16 + 48 + 12;
constexpr std::uint32_t kModeTypeMask = 0170000;
constexpr std::uint32_t kModeFolder = 0040000;

const DeviceProfile kProfile{.name = "fs",
                             .queues = {kHiprio, kRequests},
                             .io_queue = kRequests,
                             .config_size = 40,
                             .features = 0};

protocol::Violation Wrong(std::string_view field, std::uint32_t offset,
                          std::uint64_t expected, std::uint64_t actual) {
  return {.req = Req::RING_06,
          .subject = "FUSE reply",
          .field = field,
          .offset = offset,
          .relation = protocol::Relation::kEqual,
          .expected = expected,
          .actual = actual};
}

std::optional<protocol::Violation> CheckOutHeader(const GuestBuffer& out,
                                                  const Completion& completion,
                                                  std::uint64_t unique) {
  const std::uint32_t length = GetLe32(out.bytes, 0);
  if (length != completion.length) {
    return Wrong("len", 0, completion.length, length);
  }
  if (const std::uint32_t error = GetLe32(out.bytes, 4); error != 0) {
    return Wrong("error", 4, 0, error);
  }
  if (const std::uint64_t echo = GetLe64(out.bytes, 8); echo != unique) {
    return Wrong("unique", 8, unique, echo);
  }
  return std::nullopt;
}

class FsDriver final : public DeviceDriver {
 public:
  const DeviceProfile& profile() const override { return kProfile; }

  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t) override {
    return Make(memory, kFuseGetattr, kGetattrInSize);
  }

  Reply<Done> Prepare(IoPort& port) override {
    auto request = Make(port.memory(), kFuseInit, kInitInSize);
    if (!request.ok()) return Failure(request.status());
    auto done = Perform(port, kRequests, *request);
    if (!done.ok()) return done.failure();
    return Done{};
  }

  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) override {
    auto request = MakeRequest(port.memory(), seed);
    if (!request.ok()) return Failure(request.status());
    auto done = Perform(port, kRequests, *request);
    if (!done.ok()) return done.failure();
    return Done{};
  }

 private:
  absl::StatusOr<IoRequest> Make(GuestMemory& memory, std::uint32_t opcode,
                                 std::size_t argument_size) {
    const std::size_t in_size = kInHeaderSize + argument_size;
    auto in = memory.Allocate(in_size, 16);
    if (!in.ok()) return in.status();
    auto out = memory.Allocate(kOutSize, 16);
    if (!out.ok()) return out.status();
    const std::uint64_t unique = next_unique_ += 2;
    PutLe32(in->bytes, 0, static_cast<std::uint32_t>(in_size));
    PutLe32(in->bytes, 4, opcode);
    PutLe64(in->bytes, 8, unique);
    PutLe64(in->bytes, 16, kRootNode);
    if (opcode == kFuseInit) {
      PutLe32(in->bytes, kInHeaderSize, 7);           // major
      PutLe32(in->bytes, kInHeaderSize + 4, 31);      // minor
      PutLe32(in->bytes, kInHeaderSize + 8, 131072);  // max_readahead
    }
    IoRequest request;
    request.segments = {Readable(*in), Writable(*out)};
    request.judge = [opcode, unique, out = *out](const Completion& completion)
        -> std::optional<protocol::Violation> {
      if (auto wrong = CheckOutHeader(out, completion, unique)) return wrong;
      if (opcode == kFuseInit) return std::nullopt;
      const std::uint32_t type =
          GetLe32(out.bytes, kModeOffset) & kModeTypeMask;
      if (type == kModeFolder) return std::nullopt;
      return Wrong("attr.mode", kModeOffset, kModeFolder, type);
    };
    return request;
  }

  std::uint64_t next_unique_ = 0;
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeFsDriver() {
  return std::make_unique<FsDriver>();
}

}  // namespace vuspec
