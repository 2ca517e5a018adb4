namespace PipelineService.Tests.Reliability;

/// <summary>
/// Of a test that starts many processes one of its forms in each run, by chance: its name says which. All of them with
/// <c>PIPELINE_EVERY_FORM=1</c>.
/// </summary>
internal static class OneForm
{
    private const string Variable = "PIPELINE_EVERY_FORM";

    public static TheoryData<string> Of(params string[] forms) =>
        [.. Environment.GetEnvironmentVariable(Variable) is null ? [forms[Random.Shared.Next(forms.Length)]] : forms];
}
