using PipelineService;
using PipelineService.Hosting;

// Content beside the program, so that it finds its appsettings.json from whatever folder it is started in.
WebApplicationBuilder builder = WebApplication.CreateBuilder(
    new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddPipelineService();

WebApplication app = builder.Build();
app.UsePipelineService();

return await app.RunToEndAsync();
