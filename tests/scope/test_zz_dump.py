import os, json, collections
from tests.scope.test_matrix import *
def test_dump(world):
    out={}
    only=os.environ.get("ONLY","").split(",") if os.environ.get("ONLY") else NAMES
    for name in only:
        client=client_of(world.people[name]); leaks=collections.defaultdict(list); 
        for surface in READS:
            r=client.get(path(surface, world.ids))
            if r.status_code>=500: leaks[str(surface)].append("BROKEN"); continue
            text=text_of(r); may=allowed_on(surface, world, name)
            for word in w.ALL_SECRETS:
                if word in text and word not in may:
                    i=text.index(word); leaks[str(surface)].append(word+" <<"+text[max(0,i-110):i+12].replace("\n"," ")+">>")
        out[name]=leaks
    with open("/tmp/leaks.txt","w") as fh:
        for n,l in out.items():
            for s,ws in l.items():
                for x in ws[:3]: fh.write(f"{n} | {s} | {x}\n")
