#pragma once
// All losses.

#include <fornax/functional/class_loss.hpp>
#include <fornax/functional/ctc_loss.hpp>
#include <fornax/functional/margin_loss.hpp>
#include <fornax/functional/regression_loss.hpp>
#include <fornax/functional/rnnt_loss.hpp>
