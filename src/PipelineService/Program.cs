using PipelineService;
using PipelineService.Demo;
using PipelineService.Hosting;

if (HealthProbe.IsAskedFor(args))
{
    return await HealthProbe.RunAsync(Console.Error);
}

// Content beside the program, so that it finds its appsettings.json from whatever folder it is started in.
WebApplicationBuilder builder = WebApplication.CreateBuilder(
    new WebApplicationOptions { Args = DemoExtensions.Settings(args), ContentRootPath = AppContext.BaseDirectory });
builder.AddPipelineService();
builder.AddDemo(args);

WebApplication app = builder.Build();
app.UsePipelineService();

return await app.RunToEndAsync();
