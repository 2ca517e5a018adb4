namespace PipelineService.Write;

/// <summary>What a job wants sessions for.</summary>
/// <param name="Table">The table that it loads into.</param>
/// <param name="Party">Whose turn it takes: a tenant, or a dataset of nobody.</param>
/// <param name="IsSmall">Whether it has less than <see cref="SessionBudget.SmallBytes"/>, as far as that is known.</param>
public readonly record struct SessionWish(string Table, string Party, bool IsSmall);
