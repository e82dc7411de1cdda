// Koa's context.
import Koa from 'koa';
import { exec } from 'node:child_process';
import send from 'koa-send';

const app = new Koa();

app.use(async (ctx, next) => {
  exec('id ' + ctx.query.name); // finds A command-injection
  ctx.body = '<b>' + ctx.request.body.name + '</b>'; // finds A cross-site-scripting
  ctx.redirect(ctx.query.to); // finds A open-redirect
  await next();
});

app.use(async (ctx) => {
  ctx.body = { name: ctx.query.name };
});
