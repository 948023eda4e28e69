#include "harness/backend/gpu_device.h"

#include <algorithm>

#include "harness/backend/le_bytes.h"
#include "harness/backend/scatter.h"

namespace vuspec {
namespace {

constexpr std::size_t kEventsReadAt = 0;
constexpr std::size_t kEventsClearAt = 4;
constexpr std::size_t kEventsSize = 4;
constexpr std::size_t kScanoutCountAt = 8;
constexpr std::uint8_t kDisplayEvent = 1;  // VIRTIO_GPU_EVENT_DISPLAY

// enum virtio_gpu_ctrl_type
constexpr std::uint32_t kGetDisplayInfo = 0x0100;
constexpr std::uint32_t kResourceCreate2d = 0x0101;
constexpr std::uint32_t kResourceUnref = 0x0102;
constexpr std::uint32_t kOkNoData = 0x1100;
constexpr std::uint32_t kOkDisplayInfo = 0x1101;
constexpr std::uint32_t kUnspecified = 0x1200;
constexpr std::uint32_t kOutOfMemory = 0x1201;
constexpr std::uint32_t kInvalidResourceId = 0x1203;
constexpr std::uint32_t kInvalidParameter = 0x1205;

// struct virtio_gpu_ctrl_hdr
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kFlagsAt = 4;
constexpr std::size_t kFenceAt = 8;
constexpr std::size_t kContextAt = 16;
constexpr std::uint32_t kFenceFlag = 1;

constexpr std::size_t kResourceAt = kHeaderSize;
constexpr std::size_t kFormatAt = kHeaderSize + 4;
constexpr std::size_t kUnrefSize = 32;
constexpr std::size_t kCreateSize = 40;

// struct virtio_gpu_resp_display_info: 16 displays of 24 bytes each.
constexpr std::size_t kDisplayInfoSize = kHeaderSize + 16 * 24;
constexpr std::size_t kWidthAt = kHeaderSize + 8;
constexpr std::size_t kHeightAt = kHeaderSize + 12;
constexpr std::size_t kEnabledAt = kHeaderSize + 16;
constexpr std::uint32_t kWidth = 1024;
constexpr std::uint32_t kHeight = 768;

// enum virtio_gpu_formats
constexpr std::array<std::uint32_t, 8> kFormats = {1,  2,  3,   4,
                                                   67, 68, 121, 134};

// A whole answer; a fence is repeated.
std::vector<std::uint8_t> MakeAnswer(std::uint32_t type,
                                     std::span<const std::byte> command) {
  std::vector<std::uint8_t> answer(type == kOkDisplayInfo ? kDisplayInfoSize
                                                          : kHeaderSize);
  PutLe(std::span(answer), 0, type);
  if ((GetLe<std::uint32_t>(command, kFlagsAt) & kFenceFlag) != 0) {
    PutLe(std::span(answer), kFlagsAt, kFenceFlag);
    PutLe(std::span(answer), kFenceAt, GetLe<std::uint64_t>(command, kFenceAt));
    PutLe(std::span(answer), kContextAt,
          GetLe<std::uint32_t>(command, kContextAt));
  }
  if (type == kOkDisplayInfo) {
    PutLe(std::span(answer), kWidthAt, kWidth);
    PutLe(std::span(answer), kHeightAt, kHeight);
    answer[kEnabledAt] = 1;
  }
  return answer;
}

}  // namespace

void GpuDevice::Reset() {
  config_.fill(0);
  config_[kScanoutCountAt] = 1;
  resources_.clear();
}

void GpuDevice::ChangeConfig() { config_[kEventsReadAt] |= kDisplayEvent; }

bool GpuDevice::WriteConfig(std::size_t offset,
                            std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return true;
  if (offset != kEventsClearAt || bytes.size() != kEventsSize) return false;
  for (std::size_t i = 0; i < kEventsSize; ++i) {
    config_[kEventsReadAt + i] &= static_cast<std::uint8_t>(~bytes[i]);
  }
  return true;
}

std::vector<std::uint8_t> GpuDevice::SaveState() const {
  std::vector<std::uint8_t> state(config_.begin(),
                                  config_.begin() + kEventsSize);
  for (const std::uint32_t id : resources_) {
    state.resize(state.size() + sizeof(id));
    PutLe(std::span(state), state.size() - sizeof(id), id);
  }
  return state;
}

bool GpuDevice::LoadState(std::span<const std::uint8_t> state) {
  if (state.size() < kEventsSize || state.size() % sizeof(std::uint32_t) != 0) {
    return false;
  }
  const auto ids = std::as_bytes(state.subspan(kEventsSize));
  std::set<std::uint32_t> resources;
  for (std::size_t at = 0; at < ids.size(); at += sizeof(std::uint32_t)) {
    resources.insert(GetLe<std::uint32_t>(ids, at));
  }
  const bool repeats = resources.size() != ids.size() / sizeof(std::uint32_t);
  if (repeats || resources.contains(0) ||
      resources.size() > kResourceCountMax) {
    return false;
  }
  std::ranges::copy(state.first(kEventsSize), config_.begin());
  resources_ = std::move(resources);
  return true;
}

std::uint32_t GpuDevice::Create(std::span<const std::byte> command) {
  const auto id = GetLe<std::uint32_t>(command, kResourceAt);
  const auto format = GetLe<std::uint32_t>(command, kFormatAt);
  const bool in_use =
      resources_.contains(id) && !fault_(Fault::kGpuIdsNotChecked);
  if (id == 0 || in_use) return kInvalidResourceId;
  if (std::ranges::find(kFormats, format) == kFormats.end()) {
    return kInvalidParameter;
  }
  if (resources_.size() == kResourceCountMax) return kOutOfMemory;
  resources_.insert(id);
  return kOkNoData;
}

std::uint32_t GpuDevice::Carry(std::uint32_t type,
                               std::span<const std::byte> command) {
  if (type == kGetDisplayInfo) return kOkDisplayInfo;
  if (type == kResourceCreate2d && command.size() == kCreateSize) {
    return Create(command);
  }
  if (type == kResourceUnref && command.size() >= kUnrefSize) {
    const auto id = GetLe<std::uint32_t>(command, kResourceAt);
    return resources_.erase(id) != 0 ? kOkNoData : kInvalidResourceId;
  }
  return kUnspecified;
}

std::optional<std::uint32_t> GpuDevice::Process(std::uint32_t queue,
                                                const Chain& chain) {
  std::array<std::byte, kCreateSize> bytes{};
  const auto command =
      std::span(bytes).first(Gather(chain.readable(), 0, bytes));
  if (command.size() < kHeaderSize) return std::nullopt;
  if (queue == kCursorQueue) return 0;
  const std::uint64_t room = chain.writable_size();
  if (room < kHeaderSize) return std::nullopt;
  const std::uint32_t type = Carry(GetLe<std::uint32_t>(command, 0), command);
  std::vector<std::uint8_t> answer = MakeAnswer(type, command);
  if (answer.size() > room) answer = MakeAnswer(kUnspecified, command);
  Scatter(chain.writable(), 0, std::as_bytes(std::span(answer)));
  return static_cast<std::uint32_t>(answer.size());
}

}  // namespace vuspec
