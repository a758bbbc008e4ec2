// Methods in C.
#include "c_api/boundary.h"
#include "c_api/handles.h"

using namespace xnnir;
using namespace xnnir::c_api;

namespace {

xnnir_profile_event to_c(const ProfileEvent &event) {
  xnnir_profile_event known = {};
  known.struct_size = sizeof(known);
  known.name = event.name.c_str();
  known.location = event.location.c_str();
  known.instruction = event.instruction;
  known.node = event.node;
  known.nanoseconds = event.nanoseconds;
  known.bytes = event.bytes;
  known.count = event.count;
  return known;
}

void call_begin(void *context, const ProfileEvent &event) {
  const auto *hooks = static_cast<const xnnir_method_hooks *>(context);
  const xnnir_profile_event known = to_c(event);
  hooks->begin(hooks->user_data, &known);
}

void call_end(void *context, const ProfileEvent &event) {
  const auto *hooks = static_cast<const xnnir_method_hooks *>(context);
  const xnnir_profile_event known = to_c(event);
  hooks->end(hooks->user_data, &known);
}

xnnir_status set_input(xnnir_method *method, size_t index, const Value &value) {
  return guarded("set an input", [&]() -> Status {
    return method == nullptr ? is_null("method") : method->method.set_input(index, value);
  });
}

template <typename T> xnnir_status take_output(const xnnir_method *method, size_t index, T *value) {
  return guarded("read an output", [&]() -> Status {
    if (method == nullptr)
      return is_null("method");
    if (index >= method->metadata.meta.outputs.size())
      return make_status(StatusCode::kInvalidArgument, "output %zu does not exist: there are %zu", index,
                         method->metadata.meta.outputs.size());
    const Value &output = method->method.output(index);
    if constexpr (std::is_same_v<T, xnnir_tensor>) {
      const auto *tensor = std::get_if<Tensor>(&output);
      if (tensor == nullptr)
        return make_status(StatusCode::kInvalidType, "output %zu is of kind %s, expected tensor", index,
                           kind_of(output));
      return write_tensor(*tensor, value);
    } else if constexpr (std::is_same_v<T, const char *>) {
      const auto *text = std::get_if<std::string>(&output);
      if (value == nullptr)
        return is_null("value");
      if (text == nullptr)
        return make_status(StatusCode::kInvalidType, "output %zu is of kind %s, expected string", index,
                           kind_of(output));
      *value = text->c_str();
      return {};
    } else {
      return take(output, "output", index, value);
    }
  });
}

} // namespace

xnnir_status xnnir_program_load_method(const xnnir_program *program, const char *name,
                                       const xnnir_method_options *options, xnnir_method **method) {
  return guarded("load a method", [&]() -> Status {
    if (program == nullptr || name == nullptr || method == nullptr)
      return is_null(program == nullptr ? "program" : name == nullptr ? "name" : "method");
    *method = nullptr;
    xnnir_method_options known;
    XNNIR_RETURN_IF_ERROR(read_struct(options, "xnnir_method_options", known));
    MethodOptions loaded_options;
    loaded_options.profile = known.profile;
    if (known.max_instructions != 0)
      loaded_options.max_instructions = known.max_instructions;
    auto hooks = std::make_unique<xnnir_method_hooks>();
    *hooks = {known.profile_begin, known.profile_end, known.profile_user_data};
    loaded_options.profile_hooks = {known.profile_begin != nullptr ? call_begin : nullptr,
                                    known.profile_end != nullptr ? call_end : nullptr, hooks.get()};
    Result<Method> loaded = program->program.load_method(name, loaded_options);
    if (!loaded.ok())
      return loaded.status();
    MethodMeta meta = loaded->metadata();
    *method = new xnnir_method{std::move(hooks), {std::move(meta)}, std::move(*loaded), {}};
    return {};
  });
}

void xnnir_method_free(xnnir_method *method) { delete method; }

const xnnir_metadata *xnnir_method_metadata(const xnnir_method *method) {
  return method == nullptr ? nullptr : &method->metadata;
}

xnnir_status xnnir_method_set_input(xnnir_method *method, size_t index, const xnnir_tensor *tensor) {
  return guarded("set an input", [&]() -> Status {
    if (method == nullptr)
      return is_null("method");
    Result<Tensor> given = to_tensor(tensor);
    if (!given.ok())
      return make_status(given.status().code(), "input %zu: %s", index, given.status().message().c_str());
    return method->method.set_input(index, *given);
  });
}

xnnir_status xnnir_method_set_input_int(xnnir_method *method, size_t index, int64_t value) {
  return set_input(method, index, value);
}
xnnir_status xnnir_method_set_input_bool(xnnir_method *method, size_t index, bool value) {
  return set_input(method, index, value);
}
xnnir_status xnnir_method_set_input_double(xnnir_method *method, size_t index, double value) {
  return set_input(method, index, value);
}
xnnir_status xnnir_method_set_input_none(xnnir_method *method, size_t index) {
  return set_input(method, index, std::monostate());
}
xnnir_status xnnir_method_set_input_string(xnnir_method *method, size_t index, const char *value) {
  return guarded("set an input", [&]() -> Status {
    if (method == nullptr || value == nullptr)
      return is_null(method == nullptr ? "method" : "value");
    return method->method.set_input(index, std::string(value));
  });
}

xnnir_status xnnir_method_set_output(xnnir_method *method, size_t index, void *data, size_t capacity,
                                     size_t slack) {
  return guarded("set an output", [&]() -> Status {
    return method == nullptr ? is_null("method") : method->method.set_output(index, data, capacity, slack);
  });
}

xnnir_status xnnir_method_execute(xnnir_method *method) {
  return guarded("execute a method", [&]() -> Status {
    return method == nullptr ? is_null("method") : method->method.execute();
  });
}

xnnir_status xnnir_method_reset(xnnir_method *method) {
  return guarded("reset a method", [&]() -> Status {
    if (method == nullptr)
      return is_null("method");
    method->method.reset();
    return {};
  });
}

xnnir_status xnnir_method_output(const xnnir_method *method, size_t index, xnnir_tensor *tensor) {
  return take_output(method, index, tensor);
}
xnnir_status xnnir_method_output_int(const xnnir_method *method, size_t index, int64_t *value) {
  return take_output(method, index, value);
}
xnnir_status xnnir_method_output_bool(const xnnir_method *method, size_t index, bool *value) {
  return take_output(method, index, value);
}
xnnir_status xnnir_method_output_double(const xnnir_method *method, size_t index, double *value) {
  return take_output(method, index, value);
}
xnnir_status xnnir_method_output_string(const xnnir_method *method, size_t index, const char **value) {
  return take_output(method, index, value);
}

size_t xnnir_method_num_profile_events(const xnnir_method *method) {
  return method == nullptr ? 0 : method->method.profile_events().size();
}

xnnir_status xnnir_method_profile_event(const xnnir_method *method, size_t index,
                                        xnnir_profile_event *event) {
  return guarded("read a profile", [&]() -> Status {
    if (method == nullptr)
      return is_null("method");
    const std::vector<ProfileEvent> &events = method->method.profile_events();
    if (index >= events.size())
      return make_status(StatusCode::kInvalidArgument, "event %zu does not exist: there are %zu", index,
                         events.size());
    return write_struct(to_c(events[index]), "xnnir_profile_event", event);
  });
}

xnnir_status xnnir_method_profile_text(xnnir_method *method, int32_t format, const char **text) {
  return guarded("write a profile", [&]() -> Status {
    if (method == nullptr || text == nullptr)
      return is_null(method == nullptr ? "method" : "text");
    const std::vector<ProfileEvent> &events = method->method.profile_events();
    switch (format) {
    case XNNIR_PROFILE_TABLE:
      method->text = profile_table(events);
      break;
    case XNNIR_PROFILE_JSON:
      method->text = profile_json(events);
      break;
    case XNNIR_PROFILE_TRACE:
      method->text = profile_trace(events, method->method.profile_spans());
      break;
    default:
      return make_status(StatusCode::kInvalidArgument,
                         "format is %d, expected XNNIR_PROFILE_TABLE, _JSON or _TRACE", format);
    }
    *text = method->text.c_str();
    return {};
  });
}
