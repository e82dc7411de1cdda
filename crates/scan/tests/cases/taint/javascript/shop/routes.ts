// Flows across files, in TypeScript.
import { Request, Response, Router } from 'express';
import { archive, isSafeName } from './model';
import { Controller, Get, Query } from '@nestjs/common';

const router = Router();

router.get('/archive', (req: Request, res: Response) => {
  const name: string = req.query.name as string;
  archive(name);
  res.end();
});

router.get('/archive-safely', (req: Request, res: Response) => {
  const name = req.query.name as string;
  if (!isSafeName(name)) {
    return res.end();
  }
  archive(name);
  return res.end();
});

@Controller('pages')
export class Pages {
  @Get()
  show(@Query('page') page: string) {
    return eval(page); // finds A code-injection
  }

  @Get()
  count(@Query('page') page: number) {
    return eval('1 + ' + page);
  }
}

export default router;
