#include "backends/xnnpack/xnnpack_types.h"

namespace xnnir {

const char *to_string(xnn_status status) {
  switch (status) {
  case xnn_status_success:
    return "success";
  case xnn_status_uninitialized:
    return "uninitialized";
  case xnn_status_invalid_parameter:
    return "invalid_parameter";
  case xnn_status_invalid_state:
    return "invalid_state";
  case xnn_status_unsupported_parameter:
    return "unsupported_parameter";
  case xnn_status_unsupported_hardware:
    return "unsupported_hardware";
  case xnn_status_out_of_memory:
    return "out_of_memory";
  default:
    return "an unknown status";
  }
}

xnn_datatype to_xnnpack(Datatype type) {
  switch (type) {
  case Datatype::kInvalid:
    return xnn_datatype_invalid;
  case Datatype::kFp32:
    return xnn_datatype_fp32;
  case Datatype::kFp16:
    return xnn_datatype_fp16;
  case Datatype::kQInt8:
    return xnn_datatype_qint8;
  case Datatype::kQUInt8:
    return xnn_datatype_quint8;
  case Datatype::kQInt32:
    return xnn_datatype_qint32;
  case Datatype::kQCInt8:
    return xnn_datatype_qcint8;
  case Datatype::kQCInt32:
    return xnn_datatype_qcint32;
  case Datatype::kQCInt4:
    return xnn_datatype_qcint4;
  case Datatype::kQDInt8:
    return xnn_datatype_qdint8;
  case Datatype::kQBInt4:
    return xnn_datatype_qbint4;
  case Datatype::kQPInt8:
    return xnn_datatype_qpint8;
  case Datatype::kInt32:
    return xnn_datatype_int32;
  case Datatype::kPFp32:
    return xnn_datatype_pfp32;
  case Datatype::kBf16:
    return xnn_datatype_bf16;
  }
  return xnn_datatype_invalid;
}

ScalarType preferred_dtype(Datatype type) {
  switch (type) {
  case Datatype::kFp16:
    return ScalarType::kHalf;
  case Datatype::kBf16:
    return ScalarType::kBFloat16;
  case Datatype::kQInt8:
    return ScalarType::kChar;
  case Datatype::kQUInt8:
    return ScalarType::kByte;
  case Datatype::kInt32:
  case Datatype::kQInt32:
    return ScalarType::kInt;
  default:
    return ScalarType::kFloat;
  }
}

bool accepts(Datatype type, ScalarType dtype) {
  if (dtype == preferred_dtype(type))
    return true;
  switch (type) {
  case Datatype::kQInt8:
    return dtype == ScalarType::kQInt8;
  case Datatype::kQUInt8:
    return dtype == ScalarType::kQUInt8;
  case Datatype::kQInt32:
    return dtype == ScalarType::kQInt32;
  default:
    return false;
  }
}

} // namespace xnnir
