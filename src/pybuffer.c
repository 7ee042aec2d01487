/* Two small Python types that cffi cannot give: `Owned` frees a C object when its last reference
 * goes, and `Buffer` is the base of MemoryInstance and lets memoryview() see a linear memory.
 *
 * Neither takes part in cyclic garbage collection, on purpose: finalisers (__del__, ffi.gc) of a
 * garbage cycle run in no particular order, so a user's __del__ could find the instance it wants to
 * call already freed. A plain deallocator runs after all of them, and `keep` orders the rest.
 *
 * The module lives in the same shared object as the cffi module (see kernel/native.py).
 */
#include <patchlevel.h>
#if PY_VERSION_HEX >= 0x030B0000
#define Py_LIMITED_API 0x030B0000 /* 3.10 has all that is used, too, but only 3.11 declares buffers */
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

typedef void (*free_function)(void *);

typedef struct {
  PyObject_HEAD
  void *address;
  free_function release;
  PyObject *keep; /* released after the C object: what it refers to */
} Owned;

static void release_object(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

static PyObject *new_object(PyTypeObject *type) {
  return ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
}

static PyObject *owned_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  Py_ssize_t address, release;
  PyObject *keep = NULL;
  (void)kwargs;
  if (!PyArg_ParseTuple(args, "nn|O:Owned", &address, &release, &keep)) return NULL;
  Owned *self = (Owned *)new_object(type);
  if (self == NULL) return NULL;
  self->address = (void *)address;
  self->release = (free_function)release;
  Py_XINCREF(keep);
  self->keep = keep;
  return (PyObject *)self;
}

static void owned_dealloc(PyObject *object) {
  Owned *self = (Owned *)object;
  if (self->address != NULL) self->release(self->address);
  Py_XDECREF(self->keep);
  release_object(object);
}

static PyType_Slot owned_slots[] = {
    {Py_tp_doc, "Owned(address, release, keep=None): calls the C function at address `release` with\n"
                "`address` when deallocated, then lets go of `keep`."},
    {Py_tp_new, owned_new},
    {Py_tp_dealloc, owned_dealloc},
    {0, NULL},
};

static PyType_Spec owned_spec = {
    .name = "pywasmedge._objects.Owned",
    .basicsize = sizeof(Owned),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = owned_slots,
};

typedef struct {
  PyObject_HEAD
  const we_memory *memory;
  PyObject *owner;
} Buffer;

static PyObject *buffer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  Py_ssize_t address;
  PyObject *owner;
  (void)kwargs;
  if (!PyArg_ParseTuple(args, "nO:Buffer", &address, &owner)) return NULL;
  Buffer *self = (Buffer *)new_object(type);
  if (self == NULL) return NULL;
  self->memory = (const we_memory *)address;
  Py_INCREF(owner);
  self->owner = owner;
  return (PyObject *)self;
}

static void buffer_dealloc(PyObject *object) {
  Py_XDECREF(((Buffer *)object)->owner);
  release_object(object);
}

/* The base of a memory never moves and nothing shrinks it, so a view stays valid as long as it
 * holds a reference to the object. (PyBuffer_FillInfo is not in the stable interface of 3.10.) */
static int buffer_get(PyObject *object, Py_buffer *view, int flags) {
  const we_memory *memory = ((Buffer *)object)->memory;
  uint64_t size = __atomic_load_n(&memory->size, __ATOMIC_ACQUIRE);
  Py_INCREF(object);
  *view = (Py_buffer){
      .buf = memory->base, .obj = object, .len = (Py_ssize_t)size, .itemsize = 1, .ndim = 1,
  };
  if ((flags & PyBUF_FORMAT) == PyBUF_FORMAT) view->format = "B";
  if ((flags & PyBUF_ND) == PyBUF_ND) view->shape = &view->len;
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) view->strides = &view->itemsize;
  return 0;
}

static PyType_Slot buffer_slots[] = {
    {Py_tp_doc, "Buffer(address, owner): the bytes of the we_memory at `address`, kept by `owner`."},
    {Py_tp_new, buffer_new},
    {Py_tp_dealloc, buffer_dealloc},
    {Py_bf_getbuffer, buffer_get},
    {0, NULL},
};

static PyType_Spec buffer_spec = {
    .name = "pywasmedge._objects.Buffer",
    .basicsize = sizeof(Buffer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = buffer_slots,
};

/* The C structs refer to their Python owners by address: a counted reference would be a cycle, a
 * weak one is already dead when finalisers of a garbage cycle run guest code for the last time. */
static PyObject *object_at(PyObject *module, PyObject *address) {
  (void)module;
  void *object = PyLong_AsVoidPtr(address);
  if (object == NULL) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "there is no object at address 0");
    return NULL;
  }
  Py_INCREF((PyObject *)object);
  return (PyObject *)object;
}

/* Adds the words of an array that are not 0 to a set. */
static int add_words(PyObject *set, const uint64_t *words, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    if (words[i] == 0) continue;
    PyObject *word = PyLong_FromUnsignedLongLong(words[i]);
    if (word == NULL) return -1;
    int failed = PySet_Add(set, word);
    Py_DECREF(word);
    if (failed) return -1;
  }
  return 0;
}

/* Adds the words in what an `externrefs` attribute lists: pairs of what it is and its address. */
static int add_places(PyObject *set, PyObject *places) {
  for (Py_ssize_t i = 0; i + 1 < PyTuple_Size(places); i += 2) {
    const long kind = PyLong_AsLong(PyTuple_GetItem(places, i));
    const void *address = PyLong_AsVoidPtr(PyTuple_GetItem(places, i + 1));
    if (PyErr_Occurred()) return -1;
    int failed;
    if (kind == 0) {
      failed = add_words(set, &((const we_global *)address)->low, 1);
    } else if (kind == 1) {
      const we_table *table = address;
      failed = add_words(set, table->elems, table->size);
    } else {
      const we_segment *segment = address;
      failed = add_words(set, segment->data, segment->length);
    }
    if (failed) return -1;
  }
  return 0;
}

static int add_holders(PyObject *set, PyObject *holders) {
  for (Py_ssize_t i = 0; i < PyList_Size(holders); i++) {
    PyObject *holder = PyWeakref_GetObject(PyList_GetItem(holders, i));
    if (holder == NULL) return -1;
    if (holder == Py_None) continue;
    PyObject *places = PyObject_GetAttrString(holder, "externrefs");
    if (places == NULL) return -1;
    int failed = add_places(set, places);
    Py_DECREF(places);
    if (failed) return -1;
  }
  return 0;
}

/* Between the last allocation of a container and the end nothing lets another thread or a
 * finaliser run, so what is decided here is true when it is done. */
static PyObject *sweep(PyObject *module, PyObject *args) {
  PyObject *objects, *holders, *busy, *word, *object;
  (void)module;
  if (!PyArg_ParseTuple(args, "OOO:sweep", &objects, &holders, &busy)) return NULL;
  PyObject *found = PySet_New(NULL), *dead = PyDict_New(), *list = PySequence_List(holders);
  bool ok = found != NULL && dead != NULL && list != NULL;
  const bool quiet = ok && PyList_Size(busy) == 0 && !we_guests_running();
  if (quiet) {
    ok = add_holders(found, list) == 0;
    for (Py_ssize_t at = 0; ok && PyDict_Next(objects, &at, &word, &object);)
      if (PySet_Contains(found, word) == 0) ok = PyDict_SetItem(dead, word, object) == 0;
    for (Py_ssize_t at = 0; ok && PyDict_Next(dead, &at, &word, &object);)
      ok = PyDict_DelItem(objects, word) == 0;
  }
  Py_XDECREF(found);
  Py_XDECREF(list);
  if (ok && quiet) return dead;
  Py_XDECREF(dead);
  if (!ok) return NULL;
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"sweep", sweep, METH_VARARGS,
     "sweep(objects, holders, busy): takes the entries whose words no holder has out of `objects`\n"
     "and returns them; None, and nothing done, while a guest runs or `busy` is not empty."},
    {"object_at", object_at, METH_O, "object_at(id): the living object with this id()."},
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, PyType_Spec *spec) {
  PyObject *type = PyType_FromSpec(spec);
  if (type == NULL) return -1;
  int result = PyModule_AddType(module, (PyTypeObject *)type);
  Py_DECREF(type);
  return result;
}

static int fill_module(PyObject *module) {
  return add_type(module, &owned_spec) < 0 || add_type(module, &buffer_spec) < 0 ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pywasmedge._objects",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__objects(void) { return PyModuleDef_Init(&module_definition); }
