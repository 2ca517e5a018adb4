using PipelineService.Core.Rules;
using PipelineService.Jobs.Requests;

namespace PipelineService.Intake.Forms;

/// <summary>What became of a form with several files.</summary>
/// <param name="Batch">What their jobs have in common: <c>GET /v1/jobs?batch=</c>; null where each was sent alone before, under the same keys.</param>
/// <param name="Files">In their order.</param>
public sealed record BatchView(Guid? Batch, IReadOnlyList<BatchFileView> Files);

/// <param name="Name">What its sender calls it, perhaps cut, with characters that cannot be seen as escapes.</param>
/// <param name="Replayed">Whether an earlier upload under the key made the job.</param>
public sealed record BatchFileView(string Name, bool Replayed, JobView Job)
{
    internal static BatchFileView Of(TakenFile file) =>
        new(Excerpt.Of(file.Name), file.Receipt.IsReplay, JobView.Of(file.Receipt.Job));
}
