#include "protocol/codec.h"

#include <algorithm>
#include <utility>

#include "protocol/wire_fields.h"

namespace vuspec::protocol {
namespace {

Violation WrongSize(Subject subject, std::string_view field, std::size_t offset,
                    Relation relation, std::size_t expected,
                    std::size_t actual) {
  return {.req = subject.cites,
          .subject = subject.name,
          .field = field,
          .offset = static_cast<std::uint32_t>(offset),
          .relation = relation,
          .expected = expected,
          .actual = actual};
}

// `field` is where the bytes end before the fixed part is whole.
Violation CutOff(Subject subject, std::string_view field,
                 const ByteReader& reader, std::size_t needed) {
  return WrongSize(subject, field, reader.offset(), Relation::kCutOff, needed,
                   reader.offset() + reader.remaining());
}

// Structures whose size does not depend on their content.
template <typename T>
std::optional<Violation> Decode(T& value, std::span<const std::byte> bytes,
                                Subject subject) {
  constexpr std::size_t kSize = FieldsSize<T>();
  constexpr std::size_t kPadded = kSize + TrailingPadding<T>();
  ByteReader reader(bytes);
  std::string_view failed;
  if (!ReadFields(reader, value, &failed)) {
    return CutOff(subject, failed, reader, kPadded);
  }
  if (bytes.size() != kSize && bytes.size() != kPadded) {
    return WrongSize(subject, "payload size", kSize, Relation::kEqual, kPadded,
                     bytes.size());
  }
  return std::nullopt;
}

template <typename Region>
std::optional<Violation> Decode(BasicMemoryTable<Region>& table,
                                std::span<const std::byte> bytes,
                                Subject subject) {
  ByteReader reader(bytes);
  std::string_view failed;
  if (!ReadFields(reader, table, &failed)) {
    return CutOff(subject, failed, reader,
                  FieldsSize<BasicMemoryTable<Region>>());
  }
  if (table.region_count > kMemoryRegionCountMax) {
    return WrongSize({subject.name, Req::MEM_16}, "region_count", 0,
                     Relation::kAtMost, kMemoryRegionCountMax,
                     table.region_count);
  }
  const std::size_t expected =
      reader.offset() + table.region_count * FieldsSize<Region>();
  if (bytes.size() != expected) {
    return WrongSize(subject, "payload size", std::min(expected, bytes.size()),
                     Relation::kEqual, expected, bytes.size());
  }
  for (std::size_t i = 0; i < table.region_count; ++i) {
    ReadFields(reader, table.regions[i], &failed);
  }
  return std::nullopt;
}

std::optional<Violation> Decode(Config& config,
                                std::span<const std::byte> bytes,
                                Subject subject) {
  ByteReader reader(bytes);
  std::string_view failed;
  if (!ReadFields(reader, config, &failed)) {
    return CutOff(subject, failed, reader, FieldsSize<Config>());
  }
  if (config.size > kConfigSizeMax) {
    return WrongSize({subject.name, Req::CFG_08}, "size", 4, Relation::kAtMost,
                     kConfigSizeMax, config.size);
  }
  if (reader.remaining() != config.size) {
    return WrongSize(subject, "payload size", reader.offset(), Relation::kEqual,
                     FieldsSize<Config>() + config.size, bytes.size());
  }
  reader.ReadBytes(config.bytes.data(), config.size);
  return std::nullopt;
}

std::optional<Violation> Decode(Opaque& opaque,
                                std::span<const std::byte> bytes,
                                Subject subject) {
  if (bytes.size() > kOpaqueSizeMax) {
    return WrongSize(subject, "payload size", kOpaqueSizeMax, Relation::kAtMost,
                     kOpaqueSizeMax, bytes.size());
  }
  opaque.size = static_cast<std::uint32_t>(bytes.size());
  ByteReader(bytes).ReadBytes(opaque.bytes.data(), bytes.size());
  return std::nullopt;
}

// Encoding: fixed fields, then whatever the kind counts.
template <typename T>
void Write(ByteWriter& writer, const T& value) {
  constexpr std::array<std::byte, 8> kZeros{};
  WriteFields(writer, value);
  writer.WriteBytes(kZeros.data(), TrailingPadding<T>());
}

template <typename Region>
void Write(ByteWriter& writer, const BasicMemoryTable<Region>& table) {
  WriteFields(writer, table);
  for (std::size_t i = 0; i < table.region_count; ++i) {
    WriteFields(writer, table.regions[i]);
  }
}

void Write(ByteWriter& writer, const Config& config) {
  WriteFields(writer, config);
  writer.WriteBytes(config.bytes.data(), config.size);
}

void Write(ByteWriter& writer, const Opaque& opaque) {
  writer.WriteBytes(opaque.bytes.data(), opaque.size);
}

template <typename T>
std::size_t Size(const T&) {
  return FieldsSize<T>() + TrailingPadding<T>();
}
template <typename Region>
std::size_t Size(const BasicMemoryTable<Region>& table) {
  return FieldsSize<BasicMemoryTable<Region>>() +
         table.region_count * FieldsSize<Region>();
}
std::size_t Size(const Config& config) {
  return FieldsSize<Config>() + config.size;
}
std::size_t Size(const Opaque& opaque) { return opaque.size; }

// Calls visit(std::type_identity<T>) for the structure behind `kind`.
template <typename Visit>
auto ForKind(Payload kind, Visit&& visit) {
  switch (kind) {
    case Payload::kU64:
      return visit(std::type_identity<U64>());
    case Payload::kVringState:
      return visit(std::type_identity<VringState>());
    case Payload::kVringAddr:
      return visit(std::type_identity<VringAddr>());
    case Payload::kMemoryTable:
      return visit(std::type_identity<MemoryTable>());
    case Payload::kXenMemoryTable:
      return visit(std::type_identity<XenMemoryTable>());
    case Payload::kSingleMemoryRegion:
      return visit(std::type_identity<SingleMemoryRegion>());
    case Payload::kXenSingleMemoryRegion:
      return visit(std::type_identity<XenSingleMemoryRegion>());
    case Payload::kLog:
      return visit(std::type_identity<Log>());
    case Payload::kConfig:
      return visit(std::type_identity<Config>());
    case Payload::kIotlb:
      return visit(std::type_identity<Iotlb>());
    case Payload::kInflight:
      return visit(std::type_identity<Inflight>());
    case Payload::kVringArea:
      return visit(std::type_identity<VringArea>());
    case Payload::kUuid:
      return visit(std::type_identity<Uuid>());
    case Payload::kDeviceStateTransfer:
      return visit(std::type_identity<DeviceStateTransfer>());
    case Payload::kShmemMap:
      return visit(std::type_identity<ShmemMap>());
    case Payload::kShmemConfig:
      return visit(std::type_identity<ShmemConfig>());
    case Payload::kOpaque:
      return visit(std::type_identity<Opaque>());
    case Payload::kNone:
    case Payload::kMemoryTableAny:
    case Payload::kSingleMemoryRegionAny:
    case Payload::kLogAny:
      break;
  }
  return visit(std::type_identity<Empty>());
}

}  // namespace

std::optional<Violation> DecodeInto(Body& body, Payload kind,
                                    std::span<const std::byte> bytes,
                                    Subject subject) {
  return ForKind(kind, [&](auto type) {
    return Decode(body.emplace<typename decltype(type)::type>(), bytes,
                  subject);
  });
}

Result<Body> DecodeBody(Payload kind, std::span<const std::byte> bytes,
                        Subject subject) {
  Result<Body> body = Body();
  if (const auto wrong = DecodeInto(*body, kind, bytes, subject)) body = *wrong;
  return body;
}

std::size_t EncodeBody(const Body& body, std::span<std::byte> out) {
  if (out.size() < EncodedSize(body)) return 0;
  ByteWriter writer(out);
  std::visit([&](const auto& value) { Write(writer, value); }, body);
  return writer.offset();
}

std::size_t EncodedSize(const Body& body) {
  return std::visit([](const auto& value) { return Size(value); }, body);
}

SizeRange PayloadSizes(Payload kind) {
  const std::size_t min = EncodedSize(EmptyBodyOf(kind));
  switch (kind) {
    case Payload::kMemoryTable:
      return {min, min + kMemoryRegionCountMax * FieldsSize<MemoryRegion>()};
    case Payload::kXenMemoryTable:
      return {min, min + kMemoryRegionCountMax * FieldsSize<XenMemoryRegion>()};
    case Payload::kConfig:
      return {min, min + kConfigSizeMax};
    case Payload::kOpaque:
      return {0, kOpaqueSizeMax};
    case Payload::kIotlb:
      return {FieldsSize<Iotlb>(), min};
    case Payload::kInflight:
      return {FieldsSize<Inflight>(), min};
    default:
      return {min, min};
  }
}

Payload PayloadOf(const Body& body) {
  static_assert(static_cast<std::size_t>(Payload::kOpaque) + 1 ==
                std::variant_size_v<Body>);
  return static_cast<Payload>(body.index());
}

Body EmptyBodyOf(Payload kind) {
  return ForKind(
      kind, [](auto type) { return Body(typename decltype(type)::type()); });
}

}  // namespace vuspec::protocol
