// Fuzzes the framer: any stream, in any segmentation, with any descriptors.
// See framer_input.h for the input and framer_properties.h for what must hold.
#include "fuzz/framer_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  vuspec::fuzz::CheckFramerInput({data, size});
  return 0;
}
