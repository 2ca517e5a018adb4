using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>A value, or an array of values, of one of several types of JSON; or an object with any members.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ScalarAttribute(JsonSchemaType types) : Attribute
{
    public JsonSchemaType Types { get; } = types;
}
