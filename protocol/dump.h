// Messages as text, for transcripts and failure reports.
//
//   SET_VRING_NUM need_reply index=0 num=256
//   GET_FEATURES reply value=0x175000000
#ifndef VUSPEC_PROTOCOL_DUMP_H_
#define VUSPEC_PROTOCOL_DUMP_H_

#include <cstddef>
#include <span>
#include <string>

#include "protocol/header.h"
#include "protocol/message.h"

namespace vuspec::protocol {

// "index=0 num=256": every field that travels, by name.
std::string DumpBody(const Body& body);

std::string Dump(const Message& message);

// Bytes of any quality, decoded as far as they can be: what a frame says that
// did not validate, then why not.
std::string DumpFrame(Channel channel, const Header& header,
                      std::span<const std::byte> payload, std::size_t fd_count,
                      WireContext context);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_DUMP_H_
