#include "harness/backend/shared_objects.h"

#include <sys/mman.h>
#include <unistd.h>

#include "harness/backend/offer.h"

namespace vuspec {
namespace {

constexpr off_t kBufferSize = 4096;

}  // namespace

void SharedObjects::Export() {
  if (exported_) return;
  buffer_ = UniqueFd(::memfd_create("vuspec-buffer", MFD_CLOEXEC));
  exported_ = buffer_ && ::ftruncate(buffer_.get(), kBufferSize) == 0;
}

void SharedObjects::Withdraw() {
  if (!fault_(Fault::kRemovedObjectHandedOut)) buffer_.reset();
  exported_ = false;
}

UniqueFd SharedObjects::Get(const protocol::Uuid& uuid) const {
  if (fault_(Fault::kSharedObjectNotFound)) return UniqueFd();
  const bool known = uuid == kBuffer || fault_(Fault::kUnknownObjectHandedOut);
  return known && buffer_ ? Duplicate(buffer_) : UniqueFd();
}

std::optional<protocol::Message> SharedObjects::News() const {
  using protocol::BackendRequest;
  if (told_ == exported_) return std::nullopt;
  return MakeRequest(exported_ ? BackendRequest::BACKEND_SHARED_OBJECT_ADD
                               : BackendRequest::BACKEND_SHARED_OBJECT_REMOVE,
                     kBuffer);
}

}  // namespace vuspec
