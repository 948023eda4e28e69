// What turns an address of the other side into a pointer.
//
// Guest addresses, user addresses and pointers of this process are three
// kinds of number; an AddressSpace takes exactly one of the first two.
#ifndef VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_
#define VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_

#include <cstddef>
#include <cstdint>

namespace vuspec {

class AddressSpace {
 public:
  virtual ~AddressSpace() = default;

  // The first byte of [address, address + length), or nullptr when any byte of
  // it lies outside of every region, or when it crosses from one region into
  // the next. Never overflows, whatever the numbers.
  // The pointer lives as long as the region that it points into.
  virtual std::byte* Translate(std::uint64_t address, std::uint64_t length) = 0;

 protected:
  AddressSpace() = default;
  AddressSpace(const AddressSpace&) = default;
  AddressSpace& operator=(const AddressSpace&) = default;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_ADDRESS_SPACE_H_
