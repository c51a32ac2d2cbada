#pragma once
// Datasets, their readers and loaders. (Rows of an SQLite database, which some builds lack, are fornax/data/sqlite.hpp.)

#include <fornax/data/augment.hpp>
#include <fornax/data/csv.hpp>
#include <fornax/data/fashion_mnist.hpp>
#include <fornax/data/idx.hpp>
#include <fornax/data/image.hpp>
#include <fornax/data/loader.hpp>
#include <fornax/data/npz.hpp>
#include <fornax/data/stream_loader.hpp>
#include <fornax/data/text_lines.hpp>
#include <fornax/data/transforms.hpp>
