// Turns errno into an absl::Status, in one place so that codes agree.
//
// Contract: EMFILE and ENFILE are kResourceExhausted (our own limit was hit),
// everything else is kInternal; the text is "<what>: <system's words>".
#ifndef VUSPEC_HARNESS_TRANSPORT_ERRNO_STATUS_H_
#define VUSPEC_HARNESS_TRANSPORT_ERRNO_STATUS_H_

#include <string_view>

#include "absl/status/status.h"

namespace vuspec {

// `error` is passed, not read from errno, because building the text may
// change errno.
absl::Status ErrnoStatus(std::string_view what, int error);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_ERRNO_STATUS_H_
