#include "protocol/features.h"

#include <array>
#include <initializer_list>

namespace vuspec::protocol {
namespace {

struct FeatureRow {
  unsigned bit;
  std::string_view name;
  std::uint64_t needs;
};

constexpr FeatureRow kVirtioFeatures[] = {
#define VU_VIRTIO_FEATURE(name, bit) {bit, #name, 0},
#include "protocol/features.def"
#undef VU_VIRTIO_FEATURE
};

constexpr std::uint64_t MaskOfAll(
    std::initializer_list<ProtocolFeature> features) {
  std::uint64_t mask = 0;
  for (const ProtocolFeature feature : features) mask |= Mask(feature);
  return mask;
}

constexpr auto kProtocolFeatures = [] {
  using enum ProtocolFeature;
  return std::array{
#define VU_PROTOCOL_FEATURE(name, bit, ...) \
  FeatureRow{bit, #name, MaskOfAll({__VA_ARGS__})},
#include "protocol/features.def"
#undef VU_PROTOCOL_FEATURE
  };
}();

template <typename Rows>
const FeatureRow* FindRow(const Rows& rows, unsigned bit) {
  for (const FeatureRow& row : rows) {
    if (row.bit == bit) return &row;
  }
  return nullptr;
}

template <typename Feature, typename Rows>
std::optional<Feature> FindByName(const Rows& rows, std::string_view name) {
  for (const FeatureRow& row : rows) {
    if (row.name == name) return static_cast<Feature>(row.bit);
  }
  return std::nullopt;
}

template <typename Rows>
std::string Names(const Rows& rows, std::uint64_t mask) {
  std::string names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (((mask >> bit) & 1) == 0) continue;
    if (!names.empty()) names += ' ';
    if (const FeatureRow* row = FindRow(rows, bit)) {
      names += row->name;
    } else {
      names += "bit-" + std::to_string(bit);
    }
  }
  return names;
}

template <typename Rows>
std::string_view NameOf(const Rows& rows, unsigned bit) {
  const FeatureRow* row = FindRow(rows, bit);
  return row == nullptr ? "?" : row->name;
}

}  // namespace

std::uint64_t Prerequisites(ProtocolFeature feature) {
  const FeatureRow* row =
      FindRow(kProtocolFeatures, static_cast<unsigned>(feature));
  return row == nullptr ? 0 : row->needs;
}

std::optional<ProtocolFeature> FindUnmet(std::uint64_t features) {
  for (const FeatureRow& row : kProtocolFeatures) {
    const auto feature = static_cast<ProtocolFeature>(row.bit);
    if (Has(features, feature) && (features & row.needs) != row.needs) {
      return feature;
    }
  }
  return std::nullopt;
}

std::string_view ToString(VirtioFeature feature) {
  return NameOf(kVirtioFeatures, static_cast<unsigned>(feature));
}

std::string_view ToString(ProtocolFeature feature) {
  return NameOf(kProtocolFeatures, static_cast<unsigned>(feature));
}

std::optional<VirtioFeature> FindVirtioFeature(std::string_view name) {
  return FindByName<VirtioFeature>(kVirtioFeatures, name);
}

std::optional<ProtocolFeature> FindProtocolFeature(std::string_view name) {
  return FindByName<ProtocolFeature>(kProtocolFeatures, name);
}

std::string VirtioFeatureNames(std::uint64_t mask) {
  return Names(kVirtioFeatures, mask);
}

std::string ProtocolFeatureNames(std::uint64_t mask) {
  return Names(kProtocolFeatures, mask);
}

}  // namespace vuspec::protocol
