import * as z from "zod";

// Must be imported before anything that makes a schema: zod would compile it with `new Function`, which the page's policy forbids.
z.config({ jitless: true });
