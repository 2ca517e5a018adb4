using PipelineService.Hosting.Startup;
using PipelineService.Intake.Forms;

namespace PipelineService.Intake;

/// <summary>Registers stage 1.</summary>
public static class IntakeExtensions
{
    public static WebApplicationBuilder AddIntake(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<IntakeOptions>("Intake");
        builder.Services.AddSingleton<BodyReceiver>();
        builder.Services.AddSingleton<EarlierUploads>();
        builder.Services.AddSingleton<UploadReception>();
        builder.Services.AddSingleton<UploadIntake>();
        builder.Services.AddSingleton<FormIntake>();
        builder.Services.AddSingleton<FoundIntake>();
        return builder;
    }
}
