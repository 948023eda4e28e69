// Virtio and protocol feature bits as enums, masks and names.
//
// Spec: "Feature bits" of the virtio specification, "Protocol features" of the
// vhost-user document. The rows are in features.def.
#ifndef VUSPEC_PROTOCOL_FEATURES_H_
#define VUSPEC_PROTOCOL_FEATURES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vuspec::protocol {

enum class VirtioFeature : std::uint8_t {
#define VU_VIRTIO_FEATURE(name, bit) name = bit,
#include "protocol/features.def"
#undef VU_VIRTIO_FEATURE
};

enum class ProtocolFeature : std::uint8_t {
#define VU_PROTOCOL_FEATURE(name, bit, ...) name = bit,
#include "protocol/features.def"
#undef VU_PROTOCOL_FEATURE
};

template <typename Feature>
constexpr std::uint64_t Mask(Feature feature) {
  return std::uint64_t{1} << static_cast<unsigned>(feature);
}

template <typename Feature, typename... More>
constexpr std::uint64_t Mask(Feature first, More... more) {
  return Mask(first) | Mask(more...);
}

template <typename Feature>
constexpr bool Has(std::uint64_t mask, Feature feature) {
  return (mask & Mask(feature)) != 0;
}

// Every protocol feature bit that the document defines.
inline constexpr std::uint64_t kDefinedProtocolFeatures = 0
#define VU_PROTOCOL_FEATURE(name, bit, ...) | Mask(ProtocolFeature::name)
#include "protocol/features.def"
#undef VU_PROTOCOL_FEATURE
    ;

// The protocol features without which `feature` may not be negotiated.
std::uint64_t Prerequisites(ProtocolFeature feature);

// The lowest of `features` whose prerequisites are not all among them.
std::optional<ProtocolFeature> FindUnmet(std::uint64_t features);

// Names as in the tables, "?" where there is none.
std::string_view ToString(VirtioFeature feature);
std::string_view ToString(ProtocolFeature feature);

std::optional<VirtioFeature> FindVirtioFeature(std::string_view name);
std::optional<ProtocolFeature> FindProtocolFeature(std::string_view name);

// "MQ REPLY_ACK bit-40": names in bit order, unnamed bits by number.
std::string VirtioFeatureNames(std::uint64_t mask);
std::string ProtocolFeatureNames(std::uint64_t mask);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_FEATURES_H_
