# Python's processes: pools, locks, queues, shared memory.
# needs: python3
cat >work.py <<'END'
import multiprocessing as mp, os, sys
from multiprocessing import shared_memory
from concurrent.futures import ProcessPoolExecutor
def square(x): return x * x
def count(value, lock):
    for _ in range(200):
        with lock: value.value += 1
def fill(name): m = shared_memory.SharedMemory(name); m.buf[3] = 7; m.close()
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = mp.get_context(method)
        with context.Pool(4) as pool: print(method, sum(pool.map(square, range(100))))
        value, lock = context.Value("i", 0), context.Lock()
        workers = [context.Process(target=count, args=(value, lock)) for _ in range(4)]
        [w.start() for w in workers]; [w.join() for w in workers]
        print(value.value, [w.exitcode for w in workers])
        queue = context.Queue(); queue.put("queued"); print(queue.get())
        # A fork while its thread holds a lock would wait for ever.
        queue.close(); queue.join_thread()
    memory = shared_memory.SharedMemory(create=True, size=4096)
    child = mp.Process(target=fill, args=(memory.name,)); child.start(); child.join()
    print(memory.buf[3]); memory.close(); memory.unlink()
    with mp.Manager() as manager:
        shared = manager.dict(a=1); shared["b"] = 2; print(dict(shared))
    with ProcessPoolExecutor(3) as pool: print(list(pool.map(square, [1, 2, 3])))
    barrier = mp.Barrier(2); other = mp.Process(target=barrier.wait); other.start(); barrier.wait(); other.join(); print("met")
END
python3 work.py
