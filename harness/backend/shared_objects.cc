#include "harness/backend/shared_objects.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

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
  imported_.reset();
  asked_ = false;
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

std::optional<protocol::Message> SharedObjects::Wanted() const {
  if (!told_ || asked_) return std::nullopt;
  return MakeRequest(protocol::BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP,
                     kWanted);
}

void SharedObjects::OnAnswer(RequestChannel::Answer& answer) {
  const bool found =
      answer.request.spec ==
          &Spec(protocol::BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP) &&
      answer.value == 0;
  if (!found || !exported_) return;
  if (fault_(Fault::kImportedObjectLeaked)) hoard_.KeepCopies(answer.fds);
  imported_ = std::move(answer.fds[0]);
}

}  // namespace vuspec
