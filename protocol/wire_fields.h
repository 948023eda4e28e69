// Walks over Wire<T>::fields: the one place that knows how a field travels.
//
// Unsigned integers in host order, byte arrays as they are, nested structures
// field by field. Used by the codec and by the transcript.
#ifndef VUSPEC_PROTOCOL_WIRE_FIELDS_H_
#define VUSPEC_PROTOCOL_WIRE_FIELDS_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "protocol/byte_cursor.h"
#include "protocol/payloads.h"

namespace vuspec::protocol {

template <typename T>
struct IsArray : std::false_type {};
template <typename T, std::size_t size>
struct IsArray<std::array<T, size>> : std::true_type {};

template <typename T>
constexpr std::size_t FieldsSize();

template <typename Member>
constexpr std::size_t MemberSize() {
  if constexpr (std::unsigned_integral<Member>) {
    return sizeof(Member);
  } else if constexpr (IsArray<Member>::value) {
    return sizeof(Member);
  } else {
    return FieldsSize<Member>();
  }
}

template <typename Struct, typename Member>
constexpr std::size_t SizeOf(const Field<Struct, Member>&) {
  return MemberSize<Member>();
}

// Bytes of the fixed fields of T, without trailing padding.
template <typename T>
constexpr std::size_t FieldsSize() {
  return std::apply(
      [](const auto&... field) {
        return (std::size_t{0} + ... + SizeOf(field));
      },
      Wire<T>::fields);
}

template <typename T>
constexpr std::size_t TrailingPadding() {
  if constexpr (requires { Wire<T>::trailing_padding; }) {
    return Wire<T>::trailing_padding;
  } else {
    return 0;
  }
}

// Calls visit(name, member) for each field, nested structures flattened, until
// it answers false. Returns whether all answered true.
template <typename T, typename Visit>
constexpr bool ForEachField(T& value, Visit&& visit) {
  const auto one = [&](const auto& field) {
    auto& member = value.*(field.member);
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (std::unsigned_integral<Member> || IsArray<Member>::value) {
      return visit(field.name, member);
    } else {
      return ForEachField(member, visit);
    }
  };
  return std::apply(
      [&](const auto&... field) { return (true && ... && one(field)); },
      Wire<std::remove_const_t<T>>::fields);
}

// Reads the fixed fields of `value`. On failure *failed names the field.
template <typename T>
bool ReadFields(ByteReader& reader, T& value, std::string_view* failed) {
  return ForEachField(value, [&](std::string_view name, auto& member) {
    if (reader.Read(member)) return true;
    *failed = name;
    return false;
  });
}

template <typename T>
bool WriteFields(ByteWriter& writer, const T& value) {
  return ForEachField(value, [&](std::string_view, const auto& member) {
    return writer.Write(member);
  });
}

static_assert(FieldsSize<VringState>() == 8);
static_assert(FieldsSize<VringAddr>() == 40);
static_assert(FieldsSize<MemoryRegion>() == 32);
static_assert(FieldsSize<XenMemoryRegion>() == 40);
static_assert(FieldsSize<SingleMemoryRegion>() == 40);
static_assert(FieldsSize<XenSingleMemoryRegion>() == 48);
static_assert(FieldsSize<Log>() == 16);
static_assert(FieldsSize<Config>() == 12);
static_assert(FieldsSize<Iotlb>() + TrailingPadding<Iotlb>() == 32);
static_assert(FieldsSize<Inflight>() + TrailingPadding<Inflight>() == 24);
static_assert(FieldsSize<VringArea>() == 24);
static_assert(FieldsSize<Uuid>() == 16);
static_assert(FieldsSize<DeviceStateTransfer>() == 8);
static_assert(FieldsSize<ShmemMap>() == 40);
static_assert(FieldsSize<ShmemConfig>() == 2056);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_WIRE_FIELDS_H_
