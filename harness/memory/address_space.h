// What turns an address of the other side into a pointer.
//
// Guest addresses, user addresses and pointers of this process are three
// kinds of number; an AddressSpace takes exactly one of the first two.
#ifndef VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_
#define VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace vuspec {

class AddressSpace {
 public:
  virtual ~AddressSpace() = default;

  // What one region holds of [address, address + length), from the first byte
  // on; shorter than `length` when the region ends before, without data when
  // the address lies outside of every region. Never overflows.
  // The bytes live as long as the region that they lie in.
  virtual std::span<std::byte> LeadingPiece(std::uint64_t address,
                                            std::uint64_t length) const = 0;

  // The first byte of [address, address + length), or nullptr when any byte of
  // it lies outside of every region, or when it crosses from one region into
  // the next.
  std::byte* Translate(std::uint64_t address, std::uint64_t length) const {
    const std::span<std::byte> piece = LeadingPiece(address, length);
    return piece.size() == length ? piece.data() : nullptr;
  }

 protected:
  AddressSpace() = default;
  AddressSpace(const AddressSpace&) = default;
  AddressSpace& operator=(const AddressSpace&) = default;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_
