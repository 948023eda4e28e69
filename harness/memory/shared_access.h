// The one way to touch memory that another process may write at the same time.
//
// Contract: every access is an atomic of the exact width asked for, made once;
// the compiler neither splits, repeats nor invents one. A value that decides
// something is loaded once into a local and only the local is looked at
// afterwards. Words need their natural alignment; CopyIn and CopyOut take any
// address and any length. Threads of one process may share memory through
// these functions without a data race, so ThreadSanitizer judges the rest.
//
// Example:
//   const std::uint16_t index = LoadAcquire<std::uint16_t>(ring + 2);
//   StoreRelease<std::uint16_t>(ring + 2, next_index);
//
// Not for: private memory; and no other file of this room or the next needs
// reinterpret_cast.
#ifndef VUSPEC_HARNESS_MEMORY_SHARED_ACCESS_H_
#define VUSPEC_HARNESS_MEMORY_SHARED_ACCESS_H_

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace vuspec {

template <typename T>
concept SharedWord =
    std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

// The address as a number, for alignment arithmetic and signal handlers.
inline std::uintptr_t AddressOf(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

template <SharedWord T>
bool IsAlignedFor(const std::byte* at) {
  return AddressOf(at) % sizeof(T) == 0;
}

namespace internal {

// std::atomic_ref takes no const object; a load does not write, but the
// pointer has to lose its const here.
template <SharedWord T>
std::atomic_ref<T> Word(const std::byte* at) {
  return std::atomic_ref<T>(*reinterpret_cast<T*>(const_cast<std::byte*>(at)));
}

}  // namespace internal

// REQUIRES: IsAlignedFor<T>(at).
template <SharedWord T>
T Load(const std::byte* at,
       std::memory_order order = std::memory_order_relaxed) {
  return internal::Word<T>(at).load(order);
}

template <SharedWord T>
T LoadAcquire(const std::byte* at) {
  return Load<T>(at, std::memory_order_acquire);
}

// REQUIRES: IsAlignedFor<T>(at).
template <SharedWord T>
void Store(std::byte* at, T value,
           std::memory_order order = std::memory_order_relaxed) {
  internal::Word<T>(at).store(value, order);
}

template <SharedWord T>
void StoreRelease(std::byte* at, T value) {
  Store<T>(at, value, std::memory_order_release);
}

// Orders a store before a later load of another word, as the two sides of a
// notification need. ThreadSanitizer does not model fences; that is harmless,
// since no data is passed on by this one, only by acquire and release.
inline void FullBarrier() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

// Copies out of shared memory. Words and bytes are read once each, in no
// promised order between them.
inline void CopyIn(std::span<std::byte> to, const std::byte* from) {
  std::size_t done = 0;
  const auto one_byte = [&] {
    to[done] = std::byte{Load<std::uint8_t>(from + done)};
    ++done;
  };
  while (done < to.size() && !IsAlignedFor<std::uint64_t>(from + done)) {
    one_byte();
  }
  while (to.size() - done >= sizeof(std::uint64_t)) {
    const std::uint64_t word = Load<std::uint64_t>(from + done);
    std::memcpy(to.data() + done, &word, sizeof(word));
    done += sizeof(word);
  }
  while (done < to.size()) one_byte();
}

// Copies into shared memory; each byte is written once.
inline void CopyOut(std::byte* to, std::span<const std::byte> from) {
  std::size_t done = 0;
  const auto one_byte = [&] {
    Store<std::uint8_t>(to + done, std::to_integer<std::uint8_t>(from[done]));
    ++done;
  };
  while (done < from.size() && !IsAlignedFor<std::uint64_t>(to + done)) {
    one_byte();
  }
  while (from.size() - done >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, from.data() + done, sizeof(word));
    Store<std::uint64_t>(to + done, word);
    done += sizeof(word);
  }
  while (done < from.size()) one_byte();
}

// Fills shared memory with one value.
inline void FillOut(std::byte* to, std::size_t size, std::byte value) {
  for (std::size_t i = 0; i < size; ++i) {
    Store<std::uint8_t>(to + i, std::to_integer<std::uint8_t>(value));
  }
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_SHARED_ACCESS_H_
