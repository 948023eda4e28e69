// The payload structures of the protocol, and how each lies on the wire.
//
// Wire<T>::fields lists the members in wire order; the codec, the sizes, the
// validator's field names and the transcript all derive from that list. A
// structure that ends in compiler padding in some implementations says so in
// Wire<T>::trailing_padding: both sizes are accepted, the padded one is sent.
//
// Spec: "Message Specification" of the vhost-user document.
#ifndef VUSPEC_PROTOCOL_PAYLOADS_H_
#define VUSPEC_PROTOCOL_PAYLOADS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <variant>

#include "protocol/limits.h"

namespace vuspec::protocol {

struct Empty {
  bool operator==(const Empty&) const = default;
};

struct U64 {
  std::uint64_t value = 0;
  bool operator==(const U64&) const = default;
};

struct VringState {
  std::uint32_t index = 0;
  std::uint32_t num = 0;
  bool operator==(const VringState&) const = default;
};

struct VringAddr {
  std::uint32_t index = 0;
  std::uint32_t flags = 0;
  std::uint64_t descriptor = 0;
  std::uint64_t used = 0;
  std::uint64_t available = 0;
  std::uint64_t log = 0;
  bool operator==(const VringAddr&) const = default;
};

struct MemoryRegion {
  std::uint64_t guest_address = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t user_address = 0;
  std::uint64_t mmap_offset = 0;
  bool operator==(const MemoryRegion&) const = default;
};

struct XenMemoryRegion {
  MemoryRegion region;
  std::uint32_t xen_mmap_flags = 0;
  std::uint32_t domid = 0;
  bool operator==(const XenMemoryRegion&) const = default;
};

// SET_MEM_TABLE: only the first region_count slots travel.
template <typename Region>
struct BasicMemoryTable {
  std::uint32_t region_count = 0;
  std::uint32_t padding = 0;
  std::array<Region, kMemoryRegionCountMax> regions{};
  bool operator==(const BasicMemoryTable&) const = default;
};
using MemoryTable = BasicMemoryTable<MemoryRegion>;
using XenMemoryTable = BasicMemoryTable<XenMemoryRegion>;

template <typename Region>
struct BasicSingleMemoryRegion {
  std::uint64_t padding = 0;
  Region region;
  bool operator==(const BasicSingleMemoryRegion&) const = default;
};
using SingleMemoryRegion = BasicSingleMemoryRegion<MemoryRegion>;
using XenSingleMemoryRegion = BasicSingleMemoryRegion<XenMemoryRegion>;

struct Log {
  std::uint64_t mmap_size = 0;
  std::uint64_t mmap_offset = 0;
  bool operator==(const Log&) const = default;
};

// GET_CONFIG and SET_CONFIG: `size` bytes of `bytes` travel.
struct Config {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
  std::array<std::uint8_t, kConfigSizeMax> bytes{};
  bool operator==(const Config&) const = default;
};

struct Iotlb {
  std::uint64_t iova = 0;
  std::uint64_t size = 0;
  std::uint64_t user_address = 0;
  std::uint8_t permission = 0;
  std::uint8_t type = 0;
  bool operator==(const Iotlb&) const = default;
};

struct Inflight {
  std::uint64_t mmap_size = 0;
  std::uint64_t mmap_offset = 0;
  std::uint16_t num_queues = 0;
  std::uint16_t queue_size = 0;
  bool operator==(const Inflight&) const = default;
};

struct VringArea {
  std::uint64_t index = 0;  // low byte index, bit 8: no descriptor
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
  bool operator==(const VringArea&) const = default;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const Uuid&) const = default;
};

struct DeviceStateTransfer {
  std::uint32_t direction = 0;
  std::uint32_t phase = 0;
  bool operator==(const DeviceStateTransfer&) const = default;
};

struct ShmemMap {
  std::uint8_t shmid = 0;
  std::array<std::uint8_t, 7> padding{};
  std::uint64_t fd_offset = 0;
  std::uint64_t shm_offset = 0;
  std::uint64_t length = 0;
  std::uint64_t flags = 0;
  bool operator==(const ShmemMap&) const = default;
};

struct ShmemConfig {
  std::uint32_t region_count = 0;
  std::uint32_t padding = 0;
  std::array<std::uint64_t, kShmemRegionCount> memory_sizes{};
  bool operator==(const ShmemConfig&) const = default;
};

// A payload whose layout the document leaves open (crypto sessions): the bytes.
// A copy takes only those that travel. Because that makes it not trivial to
// copy, each Body is copied as what it holds, not as the largest it could.
struct Opaque {
  std::uint32_t size = 0;
  std::array<std::uint8_t, kOpaqueSizeMax> bytes{};

  Opaque() = default;
  Opaque(const Opaque& other) noexcept { *this = other; }
  Opaque& operator=(const Opaque& other) noexcept {
    size = other.size;
    std::ranges::copy(other.travelling(), bytes.begin());
    return *this;
  }
  bool operator==(const Opaque& other) const {
    return size == other.size &&
           std::ranges::equal(travelling(), other.travelling());
  }

  std::span<const std::uint8_t> travelling() const {
    return std::span(bytes).first(std::min<std::size_t>(size, bytes.size()));
  }
};

using Body =
    std::variant<Empty, U64, VringState, VringAddr, MemoryTable, XenMemoryTable,
                 SingleMemoryRegion, XenSingleMemoryRegion, Log, Config, Iotlb,
                 Inflight, VringArea, Uuid, DeviceStateTransfer, ShmemMap,
                 ShmemConfig, Opaque>;

template <typename Struct, typename Member>
struct Field {
  std::string_view name;
  Member Struct::*member;
};
template <typename Struct, typename Member>
Field(const char*, Member Struct::*) -> Field<Struct, Member>;

template <typename T>
struct Wire;

#define VU_FIELD(Struct, member) (Field{#member, &Struct::member})

template <>
struct Wire<Empty> {
  static constexpr auto fields = std::tuple{};
};
template <>
struct Wire<U64> {
  static constexpr auto fields = std::tuple{VU_FIELD(U64, value)};
};
template <>
struct Wire<VringState> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(VringState, index), VU_FIELD(VringState, num)};
};
template <>
struct Wire<VringAddr> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(VringAddr, index),      VU_FIELD(VringAddr, flags),
                 VU_FIELD(VringAddr, descriptor), VU_FIELD(VringAddr, used),
                 VU_FIELD(VringAddr, available),  VU_FIELD(VringAddr, log)};
};
template <>
struct Wire<MemoryRegion> {
  static constexpr auto fields = std::tuple{
      VU_FIELD(MemoryRegion, guest_address),
      VU_FIELD(MemoryRegion, memory_size), VU_FIELD(MemoryRegion, user_address),
      VU_FIELD(MemoryRegion, mmap_offset)};
};
template <>
struct Wire<XenMemoryRegion> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(XenMemoryRegion, region),
                 VU_FIELD(XenMemoryRegion, xen_mmap_flags),
                 VU_FIELD(XenMemoryRegion, domid)};
};
// The regions that follow are counted: see codec.cc.
template <typename Region>
struct Wire<BasicMemoryTable<Region>> {
  using Table = BasicMemoryTable<Region>;
  static constexpr auto fields =
      std::tuple{VU_FIELD(Table, region_count), VU_FIELD(Table, padding)};
};
template <typename Region>
struct Wire<BasicSingleMemoryRegion<Region>> {
  using Single = BasicSingleMemoryRegion<Region>;
  static constexpr auto fields =
      std::tuple{VU_FIELD(Single, padding), VU_FIELD(Single, region)};
};
template <>
struct Wire<Log> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(Log, mmap_size), VU_FIELD(Log, mmap_offset)};
};
// The bytes that follow are counted: see codec.cc.
template <>
struct Wire<Config> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(Config, offset), VU_FIELD(Config, size),
                 VU_FIELD(Config, flags)};
};
template <>
struct Wire<Iotlb> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(Iotlb, iova), VU_FIELD(Iotlb, size),
                 VU_FIELD(Iotlb, user_address), VU_FIELD(Iotlb, permission),
                 VU_FIELD(Iotlb, type)};
  static constexpr std::size_t trailing_padding = 6;
};
template <>
struct Wire<Inflight> {
  static constexpr auto fields = std::tuple{
      VU_FIELD(Inflight, mmap_size), VU_FIELD(Inflight, mmap_offset),
      VU_FIELD(Inflight, num_queues), VU_FIELD(Inflight, queue_size)};
  static constexpr std::size_t trailing_padding = 4;
};
template <>
struct Wire<VringArea> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(VringArea, index), VU_FIELD(VringArea, size),
                 VU_FIELD(VringArea, offset)};
};
template <>
struct Wire<Uuid> {
  static constexpr auto fields = std::tuple{VU_FIELD(Uuid, bytes)};
};
template <>
struct Wire<DeviceStateTransfer> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(DeviceStateTransfer, direction),
                 VU_FIELD(DeviceStateTransfer, phase)};
};
template <>
struct Wire<ShmemMap> {
  static constexpr auto fields =
      std::tuple{VU_FIELD(ShmemMap, shmid),     VU_FIELD(ShmemMap, padding),
                 VU_FIELD(ShmemMap, fd_offset), VU_FIELD(ShmemMap, shm_offset),
                 VU_FIELD(ShmemMap, length),    VU_FIELD(ShmemMap, flags)};
};
template <>
struct Wire<ShmemConfig> {
  static constexpr auto fields = std::tuple{
      VU_FIELD(ShmemConfig, region_count), VU_FIELD(ShmemConfig, padding),
      VU_FIELD(ShmemConfig, memory_sizes)};
};

#undef VU_FIELD

// Payload kinds as messages.def names them. kMemoryTableAny and the other
// ...Any kinds depend on negotiated features: see ResolvePayload. The kinds
// before those are the alternatives of Body, in its order.
enum class Payload : std::uint8_t {
  kNone,
  kU64,
  kVringState,
  kVringAddr,
  kMemoryTable,
  kXenMemoryTable,
  kSingleMemoryRegion,
  kXenSingleMemoryRegion,
  kLog,
  kConfig,
  kIotlb,
  kInflight,
  kVringArea,
  kUuid,
  kDeviceStateTransfer,
  kShmemMap,
  kShmemConfig,
  kOpaque,
  kMemoryTableAny,         // XEN_MMAP: kXenMemoryTable, else kMemoryTable
  kSingleMemoryRegionAny,  // XEN_MMAP: kXenSingleMemoryRegion, else plain
  kLogAny,                 // LOG_SHMFD: kLog, else kU64
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_PAYLOADS_H_
