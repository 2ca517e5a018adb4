namespace PipelineService.Hosting;

/// <summary>This running process, as job rows name it. A new one after every start.</summary>
public sealed class Instance
{
    public Guid Id { get; } = Guid.CreateVersion7();
}
