namespace PipelineService.Hosting.OpenApi;

/// <summary>The parts of the document, each with a description in <see cref="DocumentDescriber"/>.</summary>
internal static class DocumentTags
{
    public const string Datasets = "Datasets";
    public const string Uploads = "Uploads";
    public const string Jobs = "Jobs";
    public const string Models = "Models";
    public const string Events = "Events";
    public const string Figures = "Figures";
    public const string Webhooks = "Webhooks";
    public const string Sources = "Sources";
    public const string Audit = "Audit";
    public const string Keys = "Keys";
    public const string Tenants = "Tenants";
    public const string Service = "Service";
}
