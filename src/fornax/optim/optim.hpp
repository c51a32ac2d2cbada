#pragma once
// Optimizers, learning rates, and what goes with them.

#include <fornax/optim/adafactor.hpp>
#include <fornax/optim/adagrad.hpp>
#include <fornax/optim/adam.hpp>
#include <fornax/optim/adam_variants.hpp>
#include <fornax/optim/averaging.hpp>
#include <fornax/optim/grad_scaler.hpp>
#include <fornax/optim/layerwise.hpp>
#include <fornax/optim/lbfgs.hpp>
#include <fornax/optim/muon.hpp>
#include <fornax/optim/schedule.hpp>
#include <fornax/optim/sgd.hpp>
#include <fornax/optim/sign.hpp>
