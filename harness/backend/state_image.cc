#include "harness/backend/state_image.h"

#include <algorithm>

#include "harness/backend/le_bytes.h"

namespace vuspec {
namespace {

constexpr std::string_view kMagic = "vuspec device state 1 ";
constexpr std::size_t kDigestSize = 8;

// FNV-1a: against accidents, not against forgers.
std::uint64_t DigestOf(std::span<const std::uint8_t> bytes) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const std::uint8_t byte : bytes) {
    digest = (digest ^ byte) * 0x100000001b3;
  }
  return digest;
}

std::vector<std::uint8_t> HeadOf(std::string_view device) {
  std::vector<std::uint8_t> head(kMagic.begin(), kMagic.end());
  head.insert(head.end(), device.begin(), device.end());
  head.push_back('\n');
  return head;
}

}  // namespace

std::vector<std::uint8_t> SealState(std::string_view device,
                                    std::span<const std::uint8_t> state) {
  std::vector<std::uint8_t> image = HeadOf(device);
  image.insert(image.end(), state.begin(), state.end());
  const std::uint64_t digest = DigestOf(image);
  image.resize(image.size() + kDigestSize);
  PutLe(std::span(image), image.size() - kDigestSize, digest);
  return image;
}

std::optional<std::span<const std::uint8_t>> OpenState(
    std::string_view device, std::span<const std::uint8_t> image) {
  const std::vector<std::uint8_t> head = HeadOf(device);
  if (image.size() < head.size() + kDigestSize) return std::nullopt;
  const auto sealed = image.first(image.size() - kDigestSize);
  const auto digest =
      GetLe<std::uint64_t>(std::as_bytes(image.last(kDigestSize)), 0);
  if (digest != DigestOf(sealed)) return std::nullopt;
  if (!std::ranges::equal(head, sealed.first(head.size()))) {
    return std::nullopt;
  }
  return sealed.subspan(head.size());
}

}  // namespace vuspec
