// The words of the .vu format that reading and writing share; internal.
#ifndef VUSPEC_PROTOCOL_VU_NAMES_H_
#define VUSPEC_PROTOCOL_VU_NAMES_H_

#include <string_view>

#include "protocol/vu_file.h"

namespace vuspec::protocol {

struct FdName {
  std::string_view name;
  VuFd::Kind kind;
};
inline constexpr FdName kFdNames[] = {{"memfd", VuFd::Kind::kMemfd},
                                      {"eventfd", VuFd::Kind::kEventfd},
                                      {"pipe", VuFd::Kind::kPipe},
                                      {"socket", VuFd::Kind::kSocket},
                                      {"null", VuFd::Kind::kNull}};

struct ContextName {
  std::string_view name;
  bool WireContext::*member;
};
inline constexpr ContextName kContextNames[] = {
    {"xen_mmap", &WireContext::xen_mmap},
    {"log_shmfd", &WireContext::log_shmfd},
    {"reply_ack", &WireContext::reply_ack},
    {"postcopy", &WireContext::postcopy_listening},
    {"postcopy_ack_due", &WireContext::postcopy_ack_due}};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_VU_NAMES_H_
