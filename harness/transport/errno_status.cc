#include "harness/transport/errno_status.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace vuspec {

absl::Status ErrnoStatus(std::string_view what, int error) {
  std::string text(what);
  text += ": " + std::generic_category().message(error);
  if (error == EMFILE || error == ENFILE) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::InternalError(text);
}

}  // namespace vuspec
