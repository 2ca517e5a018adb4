namespace PipelineService.Hosting.OpenApi;

/// <summary>A header of answers, as the document shows it.</summary>
/// <param name="IsAlways">Whether every answer with the status has it.</param>
internal sealed record AnswerHeader(string Name, string Meaning, Shape Shape, bool IsAlways = true)
{
    public static AnswerHeader ETag { get; } = new(
        "ETag", "Stands for what is answered: for `If-None-Match`, and `If-Match` where there is one.", Shapes.Text);

    public static AnswerHeader Location { get; } = new("Location", "Where it is found from now on.", Shapes.Text);

    public static AnswerHeader RetryAfter { get; } = new(
        "Retry-After", "Seconds after which another try may do.", Shapes.WholeNumber(0));

    public static AnswerHeader Vary { get; } = new("Vary", "`Accept`: it decides the form of the answer.", Shapes.Text);

    /// <summary>The same header where not every answer with the status has it.</summary>
    public AnswerHeader Sometimes(string meaning) => this with { Meaning = meaning, IsAlways = false };
}
