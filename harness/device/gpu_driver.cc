// virtio-gpu: a resource created, refused a second time, and destroyed.
#include "absl/status/statusor.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kControl = 0;
constexpr std::uint32_t kCursor = 1;

// enum virtio_gpu_ctrl_type
constexpr std::uint32_t kResourceCreate2d = 0x0101;
constexpr std::uint32_t kResourceUnref = 0x0102;
constexpr std::uint32_t kOkNoData = 0x1100;
constexpr std::uint32_t kInvalidResourceId = 0x1203;

// struct virtio_gpu_ctrl_hdr
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kFlagsAt = 4;
constexpr std::size_t kFenceAt = 8;
constexpr std::uint32_t kFenceFlag = 1;
// A type that no answer has.
constexpr std::uint32_t kUnanswered = 0xeeeeeeee;

constexpr std::size_t kUnrefSize = 32;
constexpr std::size_t kCreateSize = 40;
constexpr std::uint32_t kFormat = 2;  // VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
constexpr std::uint32_t kWidth = 16;
constexpr std::uint32_t kHeight = 16;

// Resources that are created have ids below it, those that never are above.
constexpr std::uint32_t kNeverCreated = 0x80000000;

const DeviceProfile kProfile{.name = "gpu",
                             .queues = {kControl, kCursor},
                             .io_queue = kControl,
                             .config_size = 16,
                             .features = 0,
                             .kind = protocol::DeviceKind::kGpu};

protocol::Violation Wrong(std::string_view field, std::uint32_t offset,
                          std::uint64_t expected, std::uint64_t actual) {
  return {.req = protocol::Req::RING_06,
          .subject = "virtio-gpu answer",
          .field = field,
          .offset = offset,
          .relation = protocol::Relation::kEqual,
          .expected = expected,
          .actual = actual};
}

// All commands are fenced, so that an answer tells which of them it is for.
std::optional<protocol::Violation> CheckAnswer(const GuestBuffer& answer,
                                               const Completion& completion,
                                               std::uint32_t type,
                                               std::uint64_t fence) {
  if (completion.length != kHeaderSize) {
    return Wrong("length", 0, kHeaderSize, completion.length);
  }
  if (const std::uint32_t actual = GetLe32(answer.bytes, 0); actual != type) {
    return Wrong("type", 0, type, actual);
  }
  const std::uint32_t flags = GetLe32(answer.bytes, kFlagsAt);
  if ((flags & kFenceFlag) == 0) {
    return Wrong("flags", kFlagsAt, flags | kFenceFlag, flags);
  }
  const std::uint64_t echo = GetLe64(answer.bytes, kFenceAt);
  if (echo != fence) return Wrong("fence_id", kFenceAt, fence, echo);
  return std::nullopt;
}

class GpuDriver final : public DeviceDriver {
 public:
  const DeviceProfile& profile() const override { return kProfile; }

  // The end of a resource that never was: any number of them may be under way.
  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t seed) override {
    return Make(memory, kResourceUnref, kNeverCreated | IdOf(seed),
                kInvalidResourceId);
  }

  Reply<Done> Prepare(IoPort&) override { return Done{}; }

  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) override {
    struct Step {
      std::uint32_t command;
      std::uint32_t answer;
    };
    for (const auto& [command, answer] :
         {Step{kResourceCreate2d, kOkNoData},
          Step{kResourceCreate2d, kInvalidResourceId},
          Step{kResourceUnref, kOkNoData}}) {
      auto request = Make(port.memory(), command, IdOf(seed), answer);
      if (!request.ok()) return Failure(request.status());
      if (auto done = Perform(port, kControl, *request); !done.ok()) {
        return done.failure();
      }
    }
    return Done{};
  }

 private:
  static std::uint32_t IdOf(std::uint64_t seed) {
    return static_cast<std::uint32_t>(seed % (kNeverCreated - 1)) + 1;
  }

  absl::StatusOr<IoRequest> Make(GuestMemory& memory, std::uint32_t type,
                                 std::uint32_t resource,
                                 std::uint32_t expected) {
    auto command = memory.Allocate(
        type == kResourceCreate2d ? kCreateSize : kUnrefSize, 16);
    if (!command.ok()) return command.status();
    auto answer = memory.Allocate(kHeaderSize, 16);
    if (!answer.ok()) return answer.status();
    const std::uint64_t fence = ++fence_;
    PutLe32(command->bytes, 0, type);
    PutLe32(command->bytes, kFlagsAt, kFenceFlag);
    PutLe64(command->bytes, kFenceAt, fence);
    PutLe32(command->bytes, kHeaderSize, resource);
    if (type == kResourceCreate2d) {
      PutLe32(command->bytes, kHeaderSize + 4, kFormat);
      PutLe32(command->bytes, kHeaderSize + 8, kWidth);
      PutLe32(command->bytes, kHeaderSize + 12, kHeight);
    }
    PutLe32(answer->bytes, 0, kUnanswered);
    IoRequest request;
    request.segments = {Readable(*command), Writable(*answer)};
    request.judge = [expected, fence,
                     answer = *answer](const Completion& completion) {
      return CheckAnswer(answer, completion, expected, fence);
    };
    return request;
  }

  std::uint64_t fence_ = 0;
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeGpuDriver() {
  return std::make_unique<GpuDriver>();
}

}  // namespace vuspec
