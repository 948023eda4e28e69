#include "harness/session/model_watch.h"

#include "protocol/validator.h"

namespace vuspec {

using protocol::StageOf;

void ModelWatch::OnSent(const protocol::Header& header,
                        std::span<const std::byte> payload,
                        std::size_t fd_count) {
  next_.OnSent(header, payload, fd_count);
  if (model_ == nullptr) return;
  EndStep();
  const auto request = ValidateRequest(
      {header, payload, fd_count}, protocol::Channel::kMain, model_->context());
  if (!request.ok()) return;
  const auto ring = RingIndex(*request);
  begun_ = Begun{StageOf(*model_, ring), header.request, ring};
  if (own_ && !own_->CheckRequest(*request)) own_->ApplyRequest(*request);
}

void ModelWatch::EndStep() {
  if (!begun_) return;
  coverage_.Note(
      {begun_->before, begun_->request, StageOf(*model_, begun_->ring)});
  begun_.reset();
}

}  // namespace vuspec
