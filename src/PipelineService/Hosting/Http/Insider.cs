namespace PipelineService.Hosting.Http;

/// <summary>A feature of requests whose sender is known: they may be told more than that something is wrong.</summary>
internal sealed class Insider
{
    private Insider()
    {
    }

    public static Insider Instance { get; } = new();
}
