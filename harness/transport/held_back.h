// What a sender holds back, and has to let go before its thread waits: what is
// awaited may be the answer to it.
//
// Contract: one thread makes, uses and destroys an object of this kind. Every
// wait of poll.h calls LetGoOfAll(); code that asks again and again without
// waiting calls it itself.
#ifndef VUSPEC_HARNESS_TRANSPORT_HELD_BACK_H_
#define VUSPEC_HARNESS_TRANSPORT_HELD_BACK_H_

namespace vuspec {

class HeldBack {
 public:
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

  // May wait, so it is called again while it runs.
  virtual void LetGo() = 0;

 protected:
  HeldBack();
  ~HeldBack();
};

// Of this thread.
void LetGoOfAll();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_HELD_BACK_H_
