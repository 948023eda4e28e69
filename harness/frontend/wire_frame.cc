#include "harness/frontend/wire_frame.h"

#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::Violation;

namespace {

// A count inside the body that its array cannot hold, so that encoding would
// read past it.
struct TooMany {
  protocol::Req req = protocol::Req::HDR_01;
  std::string_view field;
  std::size_t limit = 0;
  std::size_t count = 0;
};

template <typename T>
TooMany Count(const T&) {
  return {};
}
template <typename Region>
TooMany Count(const protocol::BasicMemoryTable<Region>& table) {
  return {protocol::Req::MEM_16, "region_count",
          protocol::kMemoryRegionCountMax, table.region_count};
}
TooMany Count(const protocol::Config& config) {
  return {protocol::Req::CFG_08, "size", protocol::kConfigSizeMax, config.size};
}
TooMany Count(const protocol::Opaque& opaque) {
  return {protocol::Req::CRY_05, "payload size", protocol::kOpaqueSizeMax,
          opaque.size};
}

}  // namespace

std::optional<Violation> WireFrame::CheckCounts(
    const protocol::Message& request) {
  const TooMany count =
      std::visit([](const auto& body) { return Count(body); }, request.body);
  if (count.count <= count.limit) return std::nullopt;
  return Violation{count.req,
                   request.spec->name,
                   count.field,
                   protocol::kHeaderSize,
                   protocol::Relation::kAtMost,
                   count.limit,
                   count.count};
}

std::optional<Violation> WireFrame::Encode(const protocol::Message& request,
                                           protocol::WireContext context) {
  EncodeUnchecked(request);
  const auto read = ValidateRequest({header_, payload(), request.fd_count},
                                    request.spec->channel, context);
  if (!read.ok()) return read.violation();
  return std::nullopt;
}

void WireFrame::EncodeUnchecked(const protocol::Message& message) {
  const std::size_t size = protocol::EncodeBody(message.body, bytes_);
  header_ = {message.spec->id, message.flags, static_cast<std::uint32_t>(size)};
}

}  // namespace vuspec
