using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// Mends the named schemas, so that clients can be generated from them without patches: what may be left out is neither
/// required nor null, words are enums with names, values of several types say which, defaults are told and not declared.
/// </summary>
internal sealed class ComponentDescriber : IOpenApiDocumentTransformer
{
    private static readonly NullabilityInfoContext Nullability = new();

    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        IDictionary<string, IOpenApiSchema> schemas = document.Components!.Schemas!;
        foreach (OpenApiSchema schema in schemas.Values.OfType<OpenApiSchema>().ToArray())
        {
            schema.Description = SchemaText.InOneLine(schema.Description);
            if (SchemaDescriber.ContractOf(schema) is { Kind: JsonTypeInfoKind.Object } contract)
            {
                foreach (JsonPropertyInfo property in contract.Properties)
                {
                    if (schema.Properties?.TryGetValue(property.Name, out IOpenApiSchema? value) == true)
                    {
                        schema.Properties[property.Name] = Describe(value, schema, property, document);
                    }
                }
            }
        }

        schemas.Remove(nameof(JsonElement));
        return Task.CompletedTask;
    }

    private static IOpenApiSchema Describe(
        IOpenApiSchema value, OpenApiSchema owner, JsonPropertyInfo property, OpenApiDocument document)
    {
        string? description = SchemaText.Take(value);

        // 1. What is left out instead of null is never null. What nobody can set is always there.
        if (Has<JsonIgnoreAttribute>(property, out var ignore) && ignore.Condition == JsonIgnoreCondition.WhenWritingNull)
        {
            owner.Required?.Remove(property.Name);
            value = WithoutNull(value);
        }
        else if (property.Set is null && !IsNullable(property))
        {
            (owner.Required ??= new HashSet<string>()).Add(property.Name);
            value = WithoutNull(value);
        }

        // 2. Defaults: openapi-typescript takes what has one for required, and C# clients send it back.
        if (value is OpenApiSchema { Default: JsonNode otherwise } withDefault)
        {
            withDefault.Default = null;
            description = $"{description} Default: `{otherwise}`.".TrimStart();
        }

        // 3. What C# has no type for.
        if (Has<WordsAttribute>(property, out var words))
        {
            if (value is OpenApiSchema { Type: JsonSchemaType.Array } list)
            {
                list.Items = EnumOf(words, document, isNullable: false);
            }
            else
            {
                value = EnumOf(words, document, IsNull(value));
            }
        }
        else if (Has<ScalarAttribute>(property, out var scalar))
        {
            value = OneOf(scalar.Types, value);
        }
        else if (Has<PrimaryErrorMessageAttribute>(property, out _) && value is OpenApiSchema message)
        {
            (message.Extensions ??= new Dictionary<string, IOpenApiExtension>())[PrimaryErrorMessageAttribute.Extension] =
                new JsonNodeExtension(true);
        }

        value.Description = description;
        return value;
    }

    /// <summary>A reference to the enum, which is added where it is not there yet.</summary>
    private static IOpenApiSchema EnumOf(WordsAttribute words, OpenApiDocument document, bool isNullable)
    {
        document.AddComponent(words.Name, new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Enum = [.. words.Words.Select(word => JsonValue.Create(word))],
        });
        OpenApiSchemaReference reference = new(words.Name, document);
        return isNullable
            ? new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.Null }, reference] }
            : reference;
    }

    /// <summary>
    /// Says the types, and <c>object</c> with them, which is taken back at once where it is none of them: NSwag takes a number or a text for a number,
    /// and could then not read a text; with the object it takes all of them for an object, which it can read and write.
    /// </summary>
    private static OpenApiSchema OneOf(JsonSchemaType types, IOpenApiSchema schema)
    {
        if (schema is OpenApiSchema { Type: JsonSchemaType.Array } array)
        {
            array.Items = OneOf(types, new OpenApiSchema());
            return array;
        }

        if (types == JsonSchemaType.Object)
        {
            return new OpenApiSchema { Type = types }; // with any members
        }

        return new OpenApiSchema
        {
            Type = types | JsonSchemaType.Object,
            Not = types.HasFlag(JsonSchemaType.Object) ? null : new OpenApiSchema { Type = JsonSchemaType.Object },
        };
    }

    private static bool IsNull(IOpenApiSchema schema) => schema.Type is { } type && type.HasFlag(JsonSchemaType.Null);

    private static IOpenApiSchema WithoutNull(IOpenApiSchema schema)
    {
        if (schema.OneOf?.FirstOrDefault(one => one.Type != JsonSchemaType.Null) is { } only)
        {
            return only;
        }

        if (schema is OpenApiSchema { Type: { } type } own)
        {
            own.Type = type & ~JsonSchemaType.Null;
        }

        return schema;
    }

    private static bool IsNullable(JsonPropertyInfo property) =>
        property.AttributeProvider is PropertyInfo info && Nullability.Create(info).ReadState == NullabilityState.Nullable;

    private static bool Has<T>(JsonPropertyInfo property, [NotNullWhen(true)] out T? attribute)
        where T : Attribute
    {
        attribute = property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: false).OfType<T>().FirstOrDefault();
        return attribute is not null;
    }
}
