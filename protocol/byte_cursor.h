// Bounds-checked reading and writing of values in host byte order.
//
// A cursor that would pass its end does nothing and answers false, for good:
// the first failure is the one that is reported. No allocation.
//
// Spec: all integers are in the native byte order of the host ("Message
// Specification").
#ifndef VUSPEC_PROTOCOL_BYTE_CURSOR_H_
#define VUSPEC_PROTOCOL_BYTE_CURSOR_H_

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace vuspec::protocol {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  bool Read(T& value) {
    if (!Fits(sizeof value)) return false;
    std::memcpy(&value, bytes_.data() + offset_, sizeof value);
    offset_ += sizeof value;
    return true;
  }

  bool ReadBytes(void* to, std::size_t size) {
    if (!Fits(size)) return false;
    if (size != 0) std::memcpy(to, bytes_.data() + offset_, size);
    offset_ += size;
    return true;
  }

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

 private:
  bool Fits(std::size_t size) {
    failed_ = failed_ || size > remaining();
    return !failed_;
  }

  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T>
  bool Write(const T& value) {
    if (!Fits(sizeof value)) return false;
    std::memcpy(bytes_.data() + offset_, &value, sizeof value);
    offset_ += sizeof value;
    return true;
  }

  bool WriteBytes(const void* from, std::size_t size) {
    if (!Fits(size)) return false;
    if (size != 0) std::memcpy(bytes_.data() + offset_, from, size);
    offset_ += size;
    return true;
  }

  std::size_t offset() const { return offset_; }

 private:
  bool Fits(std::size_t size) {
    failed_ = failed_ || size > bytes_.size() - offset_;
    return !failed_;
  }

  std::span<std::byte> bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_BYTE_CURSOR_H_
