// The state of a device as the bytes that travel: what the device says, in an
// envelope that tells a whole image of the same kind of device from anything
// else.
//
// Contract: pure.
//
// Spec: the document leaves the format to the back-end.
#ifndef VUSPEC_HARNESS_BACKEND_STATE_IMAGE_H_
#define VUSPEC_HARNESS_BACKEND_STATE_IMAGE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vuspec {

std::vector<std::uint8_t> SealState(std::string_view device,
                                    std::span<const std::uint8_t> state);

// What was sealed; nullopt for bytes that SealState did not make for this kind
// of device. Points into `image`.
std::optional<std::span<const std::uint8_t>> OpenState(
    std::string_view device, std::span<const std::uint8_t> image);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_STATE_IMAGE_H_
