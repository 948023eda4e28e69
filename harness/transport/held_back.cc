#include "harness/transport/held_back.h"

#include <vector>

namespace vuspec {
namespace {

std::vector<HeldBack*>& OfThisThread() {
  thread_local std::vector<HeldBack*> all;
  return all;
}

}  // namespace

HeldBack::HeldBack() { OfThisThread().push_back(this); }
HeldBack::~HeldBack() { std::erase(OfThisThread(), this); }

void LetGoOfAll() {
  for (HeldBack* each : OfThisThread()) each->LetGo();
}

}  // namespace vuspec
