// Fuzzes the parsers of replies and requests on both channels: any bytes, as
// the answer to any request, in any context. See reply_input.h for the input
// and reply_properties.h for what must hold.
#include "fuzz/reply_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  vuspec::fuzz::CheckReplyInput({data, size});
  return 0;
}
