// Bounds-checked reading and writing of integers in host byte order.
//
// A cursor that would pass its end does nothing and answers false, for good:
// the first failure is the one that is reported. No allocation.
//
// Spec: all integers are in the native byte order of the host ("Message
// Specification").
#ifndef VUSPEC_PROTOCOL_BYTE_CURSOR_H_
#define VUSPEC_PROTOCOL_BYTE_CURSOR_H_

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>

namespace vuspec::protocol {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  bool Read(T& value) {
    return ReadBytes(&value, sizeof value);
  }

  bool ReadBytes(void* to, std::size_t size) {
    failed_ = failed_ || size > remaining();
    if (failed_) return false;
    if (size != 0) std::memcpy(to, bytes_.data() + offset_, size);
    offset_ += size;
    return true;
  }

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::byte> bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  bool Write(T value) {
    return WriteBytes(&value, sizeof value);
  }

  bool WriteBytes(const void* from, std::size_t size) {
    failed_ = failed_ || size > bytes_.size() - offset_;
    if (failed_) return false;
    if (size != 0) std::memcpy(bytes_.data() + offset_, from, size);
    offset_ += size;
    return true;
  }

  std::size_t offset() const { return offset_; }

 private:
  std::span<std::byte> bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_BYTE_CURSOR_H_
